// The keys with which programs ask this service.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Key, revokeKey } from "../../api/keys.ts";
import { keysQuery } from "../../api/queries.ts";
import { Button } from "../../components/button.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { Empty } from "../../components/empty.tsx";
import { FailurePanel } from "../../components/failure.tsx";
import { Loaded } from "../../components/loaded.tsx";
import { type Text, useText } from "../../i18n/index.ts";
import { NewKey } from "./new_key.tsx";

export function KeysList() {
  const { t } = useText();
  const query = useQuery(keysQuery);
  const [making, setMaking] = useState(false);
  const newButton = (
    <Button kind="loud" onClick={() => setMaking(true)}>
      {t("keys.new")}
    </Button>
  );
  return (
    <>
      <Loaded query={query} waiting={t("keys.loading")}>
        {(keys) =>
          keys.length === 0 ? (
            <Empty action={newButton}>{t("keys.empty")}</Empty>
          ) : (
            <div className="space-y-4">
              {newButton}
              <ul className="panel divide-y divide-line">
                {keys.map((key) => (
                  <KeyLine key={key.id} apiKey={key} />
                ))}
              </ul>
            </div>
          )
        }
      </Loaded>
      {making && <NewKey onClose={() => setMaking(false)} />}
    </>
  );
}

function KeyLine({ apiKey }: { apiKey: Key }) {
  const text = useText();
  const { t } = text;
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const revoke = useMutation({
    mutationFn: () => revokeKey(apiKey.id),
    onSettled: () => client.invalidateQueries({ queryKey: keysQuery.queryKey }),
  });
  const expired = apiKey.expiresAt !== null && Date.parse(apiKey.expiresAt) <= Date.now();
  const state = apiKey.revoked ? "revoked" : expired ? "expired" : "active";
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-3.5">
      <span className="min-w-48 flex-1">
        <span className="flex flex-wrap items-center gap-2">
          <span className="font-medium">{apiKey.name}</span>
          <code className="font-mono text-2xs text-ink-faint">{`${apiKey.prefix}\u2026`}</code>
          <span className="state-chip" data-state={state}>
            {t(`keys.state.${state}`)}
          </span>
        </span>
        <span className="mt-0.5 block text-xs text-ink-soft">{factsOf(apiKey, text).join(" · ")}</span>
      </span>
      {!apiKey.revoked && (
        <Button kind="danger" disabled={revoke.isPending} onClick={() => setAsking(true)}>
          {t("keys.revoke")}
        </Button>
      )}
      {revoke.error && <FailurePanel error={revoke.error} />}
      {asking && (
        // A revoked key cannot be brought back, so this one thing asks first.
        <Dialog label={t("keys.revoke.title", { name: apiKey.name })} onClose={() => setAsking(false)}>
          <div className="space-y-4 p-5">
            <p className="text-ink-soft">{t("keys.revoke.why")}</p>
            <div className="flex justify-end gap-2">
              <Button onClick={() => setAsking(false)}>{t("action.cancel")}</Button>
              <Button
                kind="danger"
                onClick={() => {
                  setAsking(false);
                  revoke.mutate();
                }}
              >
                {t("keys.revoke")}
              </Button>
            </div>
          </div>
        </Dialog>
      )}
    </li>
  );
}

function factsOf(key: Key, { t, format }: Text): string[] {
  const day = (time: string) => format.date(new Date(time));
  return [
    key.scopes.join(", "),
    key.createdAt ? t("keys.created", { date: day(key.createdAt) }) : "",
    key.lastUsedAt ? t("keys.used", { time: format.dateTime(new Date(key.lastUsedAt)) }) : t("keys.unused"),
    key.expiresAt ? t("keys.expires", { date: day(key.expiresAt) }) : t("keys.noExpiry"),
    key.requestsPerMinute ? t("keys.requests", { count: format.number(key.requestsPerMinute) }) : "",
    key.tokensPerMinute ? t("keys.tokens", { count: format.number(key.tokensPerMinute) }) : "",
  ].filter((fact) => fact !== "");
}
