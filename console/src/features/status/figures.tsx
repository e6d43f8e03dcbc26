// The four numbers an operator looks at first.
import type { ReactNode } from "react";
import type { Status } from "../../api/status.ts";
import { type Text, useText } from "../../i18n/index.ts";
import { useFeedStore } from "./feed.ts";
import { type Quantile, quantile } from "./histogram.ts";
import { find, recentLatency, requestRate, total, upToLastAnswer } from "./history.ts";

export function Figures({ status }: { status: Status }) {
  const text = useText();
  const { t, format } = text;
  const history = upToLastAnswer(useFeedStore((state) => state.history));
  const rate = requestRate(history);
  const connections = total(find(status.metrics, "seine_http_connections"));
  const latency = recentLatency(history);

  return (
    <dl
      aria-label={t("figure.title")}
      className="panel grid grid-cols-2 gap-px overflow-hidden bg-line! lg:grid-cols-[1fr_1.35fr_1fr_1fr]"
    >
      <Figure
        name={t("figure.requests")}
        note={rate === undefined ? t("figure.requests.waiting") : t("figure.requests.note")}
      >
        {rate === undefined ? t("figure.none") : format.rate(rate)}
      </Figure>
      <Figure name={t("figure.latency")} note={latencyNote(latency, text)}>
        <span className="flex flex-wrap items-baseline gap-x-5">
          <Part name={t("figure.latency.p50")}>
            {latencyWord(latency && quantile(latency.value, 0.5), text)}
          </Part>
          <Part name={t("figure.latency.p99")}>
            {latencyWord(latency && quantile(latency.value, 0.99), text)}
          </Part>
        </span>
      </Figure>
      <Figure
        name={t("figure.connections")}
        note={connections === undefined ? t("figure.connections.missing") : t("figure.connections.note")}
      >
        {connections === undefined ? t("figure.none") : format.number(connections)}
      </Figure>
      <Figure name={t("figure.memory")} note={t("figure.memory.note")}>
        {format.bytes(status.rss_bytes)}
      </Figure>
    </dl>
  );
}

export function Figure(props: { name: string; note: string; children: ReactNode }) {
  return (
    <div className="bg-surface px-4 py-4 sm:px-5">
      <dt className="text-sm text-ink-soft">{props.name}</dt>
      <dd className="mt-1 text-figure font-semibold tracking-tight">{props.children}</dd>
      <dd className="mt-1 text-2xs text-ink-faint">{props.note}</dd>
    </div>
  );
}

function Part({ name, children }: { name: string; children: ReactNode }) {
  return (
    <span className="inline-flex items-baseline gap-1.5 whitespace-nowrap">
      <span className="text-2xs font-normal tracking-normal text-ink-faint">{name}</span>
      {children}
    </span>
  );
}

function latencyWord(value: Quantile | undefined, { t, format }: Text): string {
  if (!value) return t("figure.none");
  const word = format.seconds(value.value);
  return value.beyond ? t("figure.over", { value: word }) : word;
}

function latencyNote(latency: ReturnType<typeof recentLatency>, { t }: Text): string {
  if (!latency) return t("figure.latency.missing");
  if (latency.value.count === 0) return t("figure.latency.none");
  return latency.sinceStart ? t("figure.latency.start") : t("figure.latency.window");
}
