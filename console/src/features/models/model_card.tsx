// One model: what it can do, what it takes, what it is doing, and the buttons for that.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { loadModel, type Model, makeDefault, unloadModel } from "../../api/models.ts";
import { modelsQuery } from "../../api/queries.ts";
import { Button } from "../../components/button.tsx";
import { FailurePanel } from "../../components/failure.tsx";
import { useText } from "../../i18n/index.ts";
import { LoadDialog } from "./load_dialog.tsx";
import { LoadProgress } from "./load_progress.tsx";

export function ModelCard({ model }: { model: Model }) {
  const { t, format } = useText();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const act = useMutation({
    mutationFn: (action: () => Promise<void>) => action(),
    onSettled: () => client.invalidateQueries({ queryKey: modelsQuery.queryKey }),
  });
  const can = [
    model.thinks && t("models.can.thinks"),
    model.callsTools && t("models.can.tools"),
    model.citesSpans && t("models.can.cites"),
    model.embeds && t("models.can.embeds"),
  ].filter((word) => word !== false);
  const facts: [string, string][] = [
    [t("models.architecture"), [model.architecture, model.type].filter((part) => part !== "").join(", ")],
    [t("models.context"), model.contextTokens ? format.number(model.contextTokens) : ""],
    [t("models.file"), model.fileBytes ? format.bytes(model.fileBytes) : ""],
    [t("models.memory"), model.memoryBytes ? format.bytes(model.memoryBytes) : ""],
  ];
  const loaded = model.state === "ready";
  return (
    <li className="panel px-5 py-4">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h2 className="min-w-0 text-base font-semibold">{model.id}</h2>
        <span className="state-chip" data-state={model.state}>
          {t(`model.state.${model.state}`)}
        </span>
        {model.isDefault && <span className="state-chip">{t("models.default")}</span>}
        <span className="ml-auto flex flex-wrap gap-2">
          {loaded && !model.isDefault && (
            <Button disabled={act.isPending} onClick={() => act.mutate(() => makeDefault(model.id))}>
              {t("models.makeDefault")}
            </Button>
          )}
          {loaded && (
            <Button disabled={act.isPending} onClick={() => act.mutate(() => unloadModel(model.id))}>
              {t("models.unload")}
            </Button>
          )}
          {(model.state === "unloaded" || model.state === "failed") && (
            <Button kind="loud" disabled={act.isPending} onClick={() => setAsking(true)}>
              {t("models.load")}
            </Button>
          )}
        </span>
      </div>
      <dl className="mt-3 flex flex-wrap gap-x-8 gap-y-2 text-sm">
        {facts.map(
          ([name, value]) =>
            value !== "" && (
              <div key={name}>
                <dt className="text-2xs text-ink-faint">{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
      {can.length > 0 && <p className="mt-3 text-xs text-ink-soft">{can.join(" · ")}</p>}
      {model.path !== "" && <p className="mt-1 font-mono text-2xs text-ink-faint">{model.path}</p>}
      {model.state === "loading" && <LoadProgress progress={model.progress} />}
      {model.error && (
        <p role="alert" className="mt-3 rounded-lg bg-bad-soft px-3 py-2 text-sm">
          {t("models.failed", { reason: model.error })}
        </p>
      )}
      {act.error && (
        <div className="mt-3">
          <FailurePanel error={act.error} />
        </div>
      )}
      {asking && (
        <LoadDialog
          model={model}
          onClose={() => setAsking(false)}
          onLoad={(room) => {
            setAsking(false);
            act.mutate(() => loadModel(model.id, room));
          }}
        />
      )}
    </li>
  );
}
