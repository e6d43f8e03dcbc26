// The readings of the last five minutes and what follows from them: rates, latency, lines of a chart. Pure; times
// come in as arguments. Rates divide by the server's own clock, so a slow network does not bend them.
import type { HistogramValue, Metric, Status } from "../../api/status.ts";
import { subtract, sum } from "./histogram.ts";

export const kWindowMs = 5 * 60_000;
const kRateSpanS = 10;

/** One reading, reduced to what history needs. */
export interface Sample {
  at: number; // ms since the epoch, this browser's clock
  /** Which life of the server: its counters start again at zero with the next one. */
  life: string;
  uptime_s: number;
  requests: number | undefined; // finished since the start
  tokens?: number | undefined; // generated since the start
  latency: HistogramValue | undefined;
  rss_bytes: number;
}

/** A try that got no answer, a gap in every line. */
export interface Gap {
  at: number;
  life?: never;
}

export type History = readonly (Sample | Gap)[];

export function sampleOf(status: Status, at: number): Sample {
  return {
    at,
    life: `${status.started_at} ${status.pid}`,
    uptime_s: status.uptime_s,
    requests: total(find(status.metrics, "seine_http_requests_total")),
    tokens: total(find(status.metrics, "seine_engine_generated_tokens_total")),
    latency: latencyOf(find(status.metrics, "seine_http_request_seconds")),
    rss_bytes: status.rss_bytes,
  };
}

/** Appends and forgets what left the window, so the history is bounded by the rate of polling. */
export function extend(history: History, entry: Sample | Gap): History {
  const from = entry.at - kWindowMs;
  return [...history.filter((old) => old.at >= from && old.at <= entry.at), entry];
}

/** The history as it stood at the last answer. */
export function upToLastAnswer(history: History): History {
  return history.slice(0, history.findLastIndex((entry) => entry.life) + 1);
}

/** Requests per second over about the last ten seconds; undefined until two readings of one life exist. */
export function requestRate(history: History): number | undefined {
  return recentRate(history, (sample) => sample.requests);
}

/** Generated tokens per second, likewise. */
export function tokenRate(history: History): number | undefined {
  return recentRate(history, (sample) => sample.tokens);
}

type Counter = (sample: Sample) => number | undefined;

function recentRate(history: History, counter: Counter): number | undefined {
  const last = history.at(-1);
  if (!last?.life) return undefined;
  let first: Sample | undefined;
  for (const entry of sameLife(history, last)) {
    if (entry !== last) first = entry;
    if (last.uptime_s - entry.uptime_s >= kRateSpanS) break;
  }
  return first && rateBetween(first, last, counter);
}

/** Requests that finished within the window; all since the start while there is only one reading. */
export function recentLatency(history: History): { value: HistogramValue; sinceStart: boolean } | undefined {
  const last = history.at(-1);
  if (!last?.life || !last.latency) return undefined;
  const first = sameLife(history, last).at(-1);
  const difference =
    first && first !== last && first.latency ? subtract(last.latency, first.latency) : undefined;
  return difference ? { value: difference, sinceStart: false } : { value: last.latency, sinceStart: true };
}

/** The samples of the life of `last`, newest first. */
function sameLife(history: History, last: Sample): Sample[] {
  const samples: Sample[] = [];
  for (let index = history.length - 1; index >= 0; index--) {
    const entry = history[index];
    if (!entry?.life) continue;
    if (entry.life !== last.life) break;
    samples.push(entry);
  }
  return samples;
}

function rateBetween(from: Sample, to: Sample, counter: Counter): number | undefined {
  const seconds = to.uptime_s - from.uptime_s;
  const [before, after] = [counter(from), counter(to)];
  if (before === undefined || after === undefined) return undefined;
  if (from.life !== to.life || seconds <= 0 || after < before) return undefined;
  return (after - before) / seconds;
}

/** A line of a chart: seconds since the epoch, and a value or null where the line breaks. */
export interface Line {
  xs: number[];
  ys: (number | null)[];
}

export function rateLine(history: History): Line {
  return line(history, (entry, before) =>
    before ? rateBetween(before, entry, (sample) => sample.requests) : undefined,
  );
}

export function memoryLine(history: History): Line {
  return line(history, (entry) => entry.rss_bytes);
}

function line(
  history: History,
  value: (entry: Sample, before: Sample | undefined) => number | undefined,
): Line {
  const xs: number[] = [];
  const ys: (number | null)[] = [];
  let before: Sample | undefined;
  for (const entry of history) {
    xs.push(entry.at / 1000);
    ys.push(entry.life ? (value(entry, before) ?? null) : null);
    before = entry.life ? entry : undefined;
  }
  return { xs, ys };
}

export function find(metrics: readonly Metric[], name: string): Metric | undefined {
  return metrics.find((metric) => metric.name === name);
}

/** The sum over all series of a counter or gauge. */
export function total(metric: Metric | undefined): number | undefined {
  if (!metric) return undefined;
  return metric.series.reduce((acc, { value }) => acc + (typeof value === "number" ? value : 0), 0);
}

function latencyOf(metric: Metric | undefined): HistogramValue | undefined {
  return sum((metric?.series ?? []).flatMap(({ value }) => (typeof value === "number" ? [] : [value])));
}
