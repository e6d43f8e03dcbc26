// GET /api/status: what the server says about itself. One reading, no history.
import { call } from "./client.ts";
import * as decode from "./decode.ts";

export type CheckStatus = "ok" | "warn" | "fail";

export interface Check {
  name: string;
  status: CheckStatus;
  message: { en: string; zh: string };
  /** The command that mends it; empty when there is nothing to mend. */
  fix: string;
}

export interface HistogramValue {
  count: number;
  sum: number;
  /** [upper bound, observations at or below it], ascending, the last bound is Infinity. */
  buckets: [number, number][];
}

export interface Series {
  labels: Record<string, string>;
  /** A number for counters and gauges. */
  value: number | HistogramValue;
}

export interface Metric {
  name: string;
  type: "counter" | "gauge" | "histogram";
  help: string;
  series: Series[];
}

export interface Status {
  version: string;
  commit: string;
  started_at: string;
  uptime_s: number;
  listen: string[];
  data_dir: string;
  data_bytes: number;
  ready: boolean;
  pid: number;
  rss_bytes: number;
  cpu_s: number;
  threads: number;
  log_level: string;
  checks: Check[];
  metrics: Metric[];
}

export function fetchStatus(signal?: AbortSignal): Promise<Status> {
  return call("/api/status", { signal, decode: decodeStatus });
}

export function decodeStatus(body: unknown): Status {
  const json = decode.object(body, "status");
  return {
    version: decode.string(json.version, "version"),
    commit: decode.string(json.commit, "commit"),
    started_at: decode.string(json.started_at, "started_at"),
    uptime_s: decode.number(json.uptime_s, "uptime_s"),
    listen: decode.array(json.listen, "listen", decode.string),
    data_dir: decode.string(json.data_dir, "data_dir"),
    data_bytes: decode.number(json.data_bytes, "data_bytes"),
    ready: decode.boolean(json.ready, "ready"),
    pid: decode.number(json.pid, "pid"),
    rss_bytes: decode.number(json.rss_bytes, "rss_bytes"),
    cpu_s: decode.number(json.cpu_s, "cpu_s"),
    threads: decode.number(json.threads, "threads"),
    log_level: decode.string(json.log_level, "log_level"),
    checks: decode.array(json.checks, "checks", decodeCheck),
    metrics: decode.array(json.metrics, "metrics", decodeMetric),
  };
}

function decodeCheck(value: unknown, path: string): Check {
  const json = decode.object(value, path);
  const message = decode.object(json.message, `${path}.message`);
  return {
    name: decode.string(json.name, `${path}.name`),
    status: decode.oneOf(json.status, `${path}.status`, ["ok", "warn", "fail"]),
    message: {
      en: decode.string(message.en, `${path}.message.en`),
      zh: decode.string(message.zh, `${path}.message.zh`),
    },
    fix: json.fix === undefined ? "" : decode.string(json.fix, `${path}.fix`),
  };
}

function decodeMetric(value: unknown, path: string): Metric {
  const json = decode.object(value, path);
  const type = decode.oneOf(json.type, `${path}.type`, ["counter", "gauge", "histogram"]);
  return {
    name: decode.string(json.name, `${path}.name`),
    type,
    help: decode.string(json.help, `${path}.help`),
    series: decode.array(json.series, `${path}.series`, (entry, at) => decodeSeries(entry, at, type)),
  };
}

function decodeSeries(value: unknown, path: string, type: Metric["type"]): Series {
  const json = decode.object(value, path);
  const labels: Record<string, string> = {};
  for (const [name, label] of Object.entries(decode.object(json.labels, `${path}.labels`))) {
    labels[name] = decode.string(label, `${path}.labels.${name}`);
  }
  if (type !== "histogram") return { labels, value: decode.number(json.value, `${path}.value`) };
  return {
    labels,
    value: {
      count: decode.number(json.count, `${path}.count`),
      sum: decode.number(json.sum, `${path}.sum`),
      buckets: decode.array(json.buckets, `${path}.buckets`, decodeBucket),
    },
  };
}

function decodeBucket(value: unknown, path: string): [number, number] {
  const pair = decode.array(value, path, (entry) => entry);
  if (pair.length !== 2) decode.fail(path, "[le, count]", value);
  const le = pair[0] === "+Inf" ? Number.POSITIVE_INFINITY : decode.number(pair[0], `${path}[0]`);
  return [le, decode.number(pair[1], `${path}[1]`)];
}
