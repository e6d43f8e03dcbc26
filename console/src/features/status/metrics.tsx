// Every metric of the last reading, in a table that can be searched.
import { Fragment, useDeferredValue, useId, useState } from "react";
import type { Metric, Series } from "../../api/status.ts";
import { Button } from "../../components/button.tsx";
import { SearchIcon } from "../../components/icons.tsx";
import { Section } from "../../components/section.tsx";
import { type Format, type Text, useText } from "../../i18n/index.ts";
import { mean, quantile } from "./histogram.ts";

export function Metrics({ metrics }: { metrics: readonly Metric[] }) {
  const { t, format } = useText();
  const [query, setQuery] = useState("");
  const wanted = useDeferredValue(query);
  const shown = search(metrics, wanted);
  return (
    <Section
      title={t("metrics.title")}
      aside={metrics.length > 0 && <Search query={query} onChange={setQuery} />}
    >
      <div className="panel overflow-hidden">
        <p className="flex flex-wrap justify-between gap-x-4 px-4 py-2.5 text-sm text-ink-soft sm:px-5">
          <span>{metrics.length === 0 ? t("metrics.none") : t("metrics.lead")}</span>
          <span role="status">
            {metrics.length > 0 &&
              t("metrics.count", {
                shown: format.number(shown.length),
                total: format.number(metrics.length),
              })}
          </span>
        </p>
        {metrics.length > 0 && shown.length === 0 && (
          <div className="flex flex-col items-start gap-3 border-t border-line px-5 py-6">
            <p className="text-ink-soft">{t("metrics.noMatch", { query: wanted })}</p>
            <Button onClick={() => setQuery("")}>{t("metrics.clear")}</Button>
          </div>
        )}
        {shown.length > 0 && (
          <table className="w-full table-fixed border-collapse text-sm">
            <caption className="sr-only">{t("metrics.title")}</caption>
            <colgroup>
              <col className="w-[64%] sm:w-[60%]" />
              <col />
            </colgroup>
            <thead className="sr-only">
              <tr>
                <th scope="col">{t("metrics.name")}</th>
                <th scope="col">{t("metrics.value")}</th>
              </tr>
            </thead>
            {shown.map((metric) => (
              <MetricRows key={metric.name} metric={metric} />
            ))}
          </table>
        )}
      </div>
    </Section>
  );
}

function Search({ query, onChange }: { query: string; onChange: (query: string) => void }) {
  const { t } = useText();
  const id = useId();
  return (
    <search className="relative w-full sm:w-72">
      <label htmlFor={id} className="sr-only">
        {t("metrics.search")}
      </label>
      <span className="pointer-events-none absolute inset-y-0 left-2.5 flex items-center text-ink-faint">
        <SearchIcon />
      </span>
      <input
        id={id}
        type="search"
        value={query}
        onChange={(event) => onChange(event.target.value)}
        placeholder={t("metrics.search.hint")}
        autoComplete="off"
        spellCheck={false}
        className="h-9 w-full rounded-lg border border-line-strong bg-surface pr-3 pl-8.5 text-sm text-ink placeholder:text-ink-faint"
      />
    </search>
  );
}

function MetricRows({ metric }: { metric: Metric }) {
  const text = useText();
  const { t } = text;
  const only = metric.series.length === 1 ? metric.series[0] : undefined;
  const inline = only && Object.keys(only.labels).length === 0 ? only : undefined;
  return (
    <tbody className="border-t border-line">
      <tr className="align-top">
        <th
          scope="rowgroup"
          colSpan={inline ? 1 : 2}
          className="px-4 pt-3 pb-2 text-left font-normal sm:px-5"
        >
          <span className="flex flex-wrap items-baseline gap-x-2.5">
            <code className="font-mono text-xs font-medium">
              <Breakable name={metric.name} />
            </code>
            <span className="text-2xs text-ink-faint">{t(`metrics.type.${metric.type}`)}</span>
          </span>
          <span className="mt-0.5 block text-xs text-ink-soft">{metric.help}</span>
        </th>
        {inline && <ValueCell metric={metric} series={inline} text={text} head />}
      </tr>
      {metric.series.length === 0 && (
        <tr>
          <td colSpan={2} className="px-4 pb-3 text-xs text-ink-faint sm:px-5">
            {t("metrics.series.none")}
          </td>
        </tr>
      )}
      {!inline &&
        metric.series.map((series) => (
          <tr key={JSON.stringify(series.labels)} className="align-top">
            <td className="px-4 pb-2 sm:px-5">
              <Labels labels={series.labels} none={t("metrics.unlabelled")} />
            </td>
            <ValueCell metric={metric} series={series} text={text} />
          </tr>
        ))}
    </tbody>
  );
}

/** A long name breaks after an underscore, not within a word. */
function Breakable({ name }: { name: string }) {
  return name.split("_").map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts have no other identity and never move
    <Fragment key={index}>
      {index > 0 && (
        <>
          _<wbr />
        </>
      )}
      {part}
    </Fragment>
  ));
}

function Labels({ labels, none }: { labels: Record<string, string>; none: string }) {
  const pairs = Object.entries(labels);
  if (pairs.length === 0) return <span className="text-xs text-ink-faint">{none}</span>;
  return (
    <span className="flex flex-wrap gap-1.5">
      {pairs.map(([name, value]) => (
        <code
          key={name}
          className="rounded bg-sunken px-1.5 py-0.5 font-mono text-2xs break-all text-ink-soft"
        >
          {`${name}=${value}`}
        </code>
      ))}
    </span>
  );
}

/** head: the value stands in the row of the metric's name, not in a row of its labels. */
function ValueCell(props: { metric: Metric; series: Series; text: Text; head?: boolean }) {
  const cell = `pr-4 pb-2 sm:pr-5 ${props.head ? "pt-3" : ""}`;
  const { t, format } = props.text;
  const { value } = props.series;
  const word = (amount: number) => amountWord(props.metric.name, amount, format);
  if (typeof value === "number") {
    return <td className={`${cell} text-right font-medium`}>{word(value)}</td>;
  }
  const average = mean(value);
  const high = quantile(value, 0.99);
  const parts: [string, string][] = [[t("metrics.histogram.count"), format.number(value.count)]];
  if (average !== undefined) parts.push([t("metrics.histogram.mean"), word(average)]);
  if (high) {
    const bound = word(high.value);
    parts.push([t("metrics.histogram.p99"), high.beyond ? t("figure.over", { value: bound }) : bound]);
  }
  return (
    <td className={cell}>
      <span className="flex flex-wrap justify-end gap-x-4">
        {parts.map(([name, amount]) => (
          <span key={name} className="inline-flex items-baseline gap-1.5 whitespace-nowrap">
            <span className="text-2xs text-ink-faint">{name}</span>
            <span className="font-medium">{amount}</span>
          </span>
        ))}
      </span>
    </td>
  );
}

/** The unit is in the name: Prometheus asks for base units there. */
export function amountWord(metric: string, amount: number, format: Format): string {
  const base = metric.replace(/_total$/, "");
  if (base.endsWith("_bytes")) return format.bytes(amount);
  if (base.endsWith("_timestamp_seconds") || base.endsWith("_start_time_seconds")) {
    return format.dateTime(new Date(amount * 1000));
  }
  if (base.endsWith("_seconds")) return format.seconds(amount);
  return format.number(amount);
}

/** The metrics in whose name, description, type or labels every word of the query is found. */
export function search(metrics: readonly Metric[], query: string): readonly Metric[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return metrics;
  return metrics.filter((metric) => {
    const labels = metric.series.flatMap(({ labels }) =>
      Object.entries(labels).map(([name, value]) => `${name}=${value}`),
    );
    const haystack = [metric.name, metric.help, metric.type, ...labels].join("\n").toLowerCase();
    return words.every((word) => haystack.includes(word));
  });
}
