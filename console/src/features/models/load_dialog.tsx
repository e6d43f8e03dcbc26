// Before a model is loaded: how much room it is given, and what that takes of the memory there is.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Estimate, fetchEstimate, type Model, type Room } from "../../api/models.ts";
import { Button } from "../../components/button.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { Loaded } from "../../components/loaded.tsx";
import { useText } from "../../i18n/index.ts";

const kContextMax = 1 << 24;
const kBatchMax = 1 << 12;

/** 0: left as it is. */
function countOf(typed: string, most: number): number {
  const value = Math.floor(Number(typed));
  return value > 0 ? Math.min(value, most) : 0;
}

export function LoadDialog(props: { model: Model; onClose: () => void; onLoad: (room: Room) => void }) {
  const { t } = useText();
  const { model } = props;
  const [context, setContext] = useState("");
  const [batch, setBatch] = useState("");
  const room = { context: countOf(context, kContextMax), batch: countOf(batch, kBatchMax) };
  const query = useQuery({
    queryKey: ["estimate", model.id, room.context, room.batch],
    queryFn: ({ signal }) => fetchEstimate(model.id, room, signal),
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 0, // how much is available changes by the second
  });
  return (
    <Dialog label={t("models.load.title", { model: model.id })} onClose={props.onClose}>
      <div className="space-y-5 p-5">
        {/* What another service runs has its room there. */}
        {!/^https?:/.test(model.path) && (
          <div className="grid gap-4 sm:grid-cols-2">
            <Count
              label={t("models.load.context")}
              hint={t("models.load.asMade")}
              most={kContextMax}
              value={context}
              onChange={setContext}
            />
            <Count
              label={t("models.load.batch")}
              hint="1"
              most={kBatchMax}
              value={batch}
              onChange={setBatch}
              disabled={room.context === 0}
            />
          </div>
        )}
        <Loaded query={query} waiting={t("models.estimate.loading")}>
          {(estimate) => <EstimateBar estimate={estimate} />}
        </Loaded>
        <div className="flex justify-end gap-2">
          <Button onClick={props.onClose}>{t("action.cancel")}</Button>
          <Button kind="loud" onClick={() => props.onLoad(room)}>
            {query.data && !query.data.fits ? t("models.load.anyway") : t("models.load")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

function Count(props: {
  label: string;
  hint: string;
  most: number;
  value: string;
  onChange: (value: string) => void;
  disabled?: boolean;
}) {
  return (
    <label className="block">
      <span className="mb-1 block text-sm text-ink-soft">{props.label}</span>
      <input
        type="number"
        min={1}
        max={props.most}
        step={1}
        className="text-field w-full"
        value={props.value}
        placeholder={props.hint}
        disabled={props.disabled}
        onChange={(event) => props.onChange(event.target.value)}
      />
    </label>
  );
}

function EstimateBar({ estimate }: { estimate: Estimate }) {
  const { t, format } = useText();
  const scale = Math.max(estimate.totalBytes, estimate.availableBytes, 1);
  const parts = [
    { name: t("models.estimate.weights"), bytes: estimate.weightsBytes, className: "bg-river" },
    { name: t("models.estimate.kv"), bytes: estimate.kvBytes, className: "bg-bronze" },
    { name: t("models.estimate.other"), bytes: estimate.otherBytes, className: "bg-line-strong" },
  ];
  const values = {
    total: format.bytes(estimate.totalBytes),
    available: format.bytes(estimate.availableBytes),
  };
  return (
    <div>
      <div aria-hidden="true" className="flex h-2.5 overflow-hidden rounded-full bg-sunken">
        {parts.map(({ name, bytes, className }) => (
          <span key={name} className={className} style={{ width: `${(100 * bytes) / scale}%` }} />
        ))}
      </div>
      <p className={`mt-2.5 text-sm ${estimate.fits ? "text-ink-soft" : "font-medium text-bad"}`}>
        {estimate.fits ? t("models.estimate.fits", values) : t("models.estimate.tooLarge", values)}
      </p>
      <dl className="mt-2 flex flex-wrap gap-x-6 gap-y-1 text-xs">
        {parts.map(({ name, bytes, className }) => (
          <div key={name} className="flex items-center gap-1.5">
            <span aria-hidden="true" className={`size-2 rounded-full ${className}`} />
            <dt className="text-ink-faint">{name}</dt>
            <dd>{format.bytes(bytes)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
