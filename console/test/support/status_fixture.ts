// GET /api/status as the server sends it, growing with each reading: n counts readings two seconds apart.

export interface StatusJson {
  [field: string]: unknown;
  checks: { name: string; status: string; message: { en: string; zh: string }; fix: string }[];
  metrics: Record<string, unknown>[];
}

const kBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

export function statusJson(n: number, changes: Partial<StatusJson> = {}): StatusJson {
  const requests = requestsAfter(n);
  return {
    version: "0.1.0",
    commit: "abc1234",
    started_at: "2026-01-02T03:04:05Z",
    uptime_s: 93_780.5 + 2 * n,
    listen: ["http://127.0.0.1:8480"],
    data_dir: "/var/lib/seine",
    data_bytes: 1_843_200_000,
    ready: true,
    pid: 4242,
    rss_bytes: rssAfter(n),
    cpu_s: 81.25 + 0.06 * n,
    threads: 9,
    log_level: "info",
    checks: [
      {
        name: "store",
        status: "ok",
        message: { en: "The database opens and its schema is current.", zh: "数据库可以打开，结构为最新。" },
        fix: "",
      },
      {
        name: "disk",
        status: "ok",
        message: {
          en: "41 GB are free on the disk of the data directory.",
          zh: "数据目录所在磁盘剩余 41 GB。",
        },
        fix: "",
      },
      {
        name: "model",
        status: "warn",
        message: {
          en: "No model is installed, so answers are extracts with citations.",
          zh: "没有安装模型，因此答案是带引用的摘录。",
        },
        fix: "seine model pull deepseek-v2-lite",
      },
    ],
    metrics: [
      {
        name: "seine_http_requests_total",
        type: "counter",
        help: "Requests answered, by status code.",
        series: [
          { labels: { code: "200" }, value: requests },
          { labels: { code: "404" }, value: Math.floor(requests / 50) },
        ],
      },
      {
        name: "seine_http_request_seconds",
        type: "histogram",
        help: "From the first byte of a request to the last byte of its answer.",
        series: [{ labels: {}, ...latencyAfter(requests) }],
      },
      {
        name: "seine_http_connections",
        type: "gauge",
        help: "Connections that are open now.",
        series: [{ labels: {}, value: 3 + (n % 3) }],
      },
      {
        name: "process_resident_memory_bytes",
        type: "gauge",
        help: "Memory the process holds in RAM.",
        series: [{ labels: {}, value: rssAfter(n) }],
      },
      {
        name: "process_start_time_seconds",
        type: "gauge",
        help: "When the process started, in seconds since 1970.",
        series: [{ labels: {}, value: 1_767_323_045 }],
      },
      {
        name: "seine_log_lines_total",
        type: "counter",
        help: "Lines written to the log, by level.",
        series: [
          { labels: { level: "info" }, value: 120 + n },
          { labels: { level: "warn" }, value: 2 },
          { labels: { level: "error" }, value: 0 },
        ],
      },
      {
        name: "seine_engine_generated_tokens_total",
        type: "counter",
        help: "Tokens generated.",
        series: [{ labels: {}, value: 100_000 + 71 * n }],
      },
      gauge("seine_engine_requests_running", "Requests in the batch.", 3),
      gauge("seine_engine_requests_queued", "Requests that wait.", 2),
      gauge("seine_engine_kv_blocks", "Blocks of the KV cache.", 4_096),
      gauge("seine_engine_kv_blocks_used", "Blocks in use.", 1_310),
      {
        name: "seine_tls_handshakes_total",
        type: "counter",
        help: "TLS handshakes, by result.",
        series: [],
      },
    ],
    ...changes,
  };
}

function gauge(name: string, help: string, value: number) {
  return { name, type: "gauge", help, series: [{ labels: {}, value }] };
}

/** Between 10 and 60 requests a second, in waves of about two minutes. */
function requestsAfter(n: number): number {
  let total = 5_000;
  for (let i = 1; i <= n; i++) total += Math.round(2 * (35 + 20 * Math.sin(i / 9) + 5 * Math.sin(i * 1.7)));
  return total;
}

function rssAfter(n: number): number {
  return Math.round(48_000_000 + 90_000 * n + 3_000_000 * Math.sin(n / 14));
}

/** A latency of 1.8 ms in the middle with a tail to 40 ms. */
function latencyAfter(count: number) {
  const share = [0.02, 0.14, 0.68, 0.88, 0.95, 0.982, 0.996, 1, 1, 1, 1, 1];
  const buckets: [number | string, number][] = kBounds.map((bound, i) => [
    bound,
    Math.round(count * (share[i] ?? 1)),
  ]);
  buckets.push(["+Inf", count]);
  return { count, sum: count * 0.0031, buckets };
}
