// Before a model is loaded: how much context, how many at once, and what that takes of the memory there is.
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useDeferredValue, useState } from "react";
import { type Estimate, fetchEstimate, type Model } from "../../api/models.ts";
import { Button } from "../../components/button.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { Loaded } from "../../components/loaded.tsx";
import { useText } from "../../i18n/index.ts";

const kContextMin = 512;
const kContextStart = 8_192;
const kContextStep = 512;
const kBatchMax = 256;

export function LoadDialog(props: {
  model: Model;
  onClose: () => void;
  onLoad: (options: { context: number; batch: number }) => void;
}) {
  const { t } = useText();
  const { model } = props;
  const most = model.contextTokens ?? kContextStart;
  const [context, setContext] = useState(Math.min(kContextStart, most));
  const [batch, setBatch] = useState(4);
  const good = context >= Math.min(kContextMin, most) && context <= most && batch >= 1 && batch <= kBatchMax;
  const asked = useDeferredValue(`${context} ${batch}`);
  const query = useQuery({
    queryKey: ["estimate", model.id, asked],
    queryFn: ({ signal }) => fetchEstimate(model.id, context, batch, signal),
    enabled: good,
    placeholderData: (before) => before,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (good) props.onLoad({ context, batch });
  };
  return (
    <Dialog label={t("models.load.title", { model: model.id })} onClose={props.onClose}>
      <form onSubmit={submit} className="space-y-5 p-5">
        <div className="grid gap-4 sm:grid-cols-2">
          <NumberField
            label={t("models.load.context")}
            value={context}
            min={Math.min(kContextMin, most)}
            max={most}
            step={kContextStep}
            onChange={setContext}
          />
          <NumberField
            label={t("models.load.batch")}
            value={batch}
            min={1}
            max={kBatchMax}
            step={1}
            onChange={setBatch}
          />
        </div>
        <Loaded query={query} waiting={t("models.estimate.loading")}>
          {(estimate) => <EstimateBar estimate={estimate} />}
        </Loaded>
        <div className="flex justify-end gap-2">
          <Button onClick={props.onClose}>{t("action.cancel")}</Button>
          <Button kind="loud" type="submit" disabled={!good}>
            {t("models.load")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function NumberField(props: {
  label: string;
  value: number;
  min: number;
  max: number;
  step: number;
  onChange: (value: number) => void;
}) {
  return (
    <label className="block">
      <span className="mb-1 block text-sm text-ink-soft">{props.label}</span>
      <input
        type="number"
        required
        className="text-field w-full"
        value={props.value}
        min={props.min}
        max={props.max}
        step={props.step}
        onChange={(event) => props.onChange(Math.round(event.target.valueAsNumber) || 0)}
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
