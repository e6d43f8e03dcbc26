import { describe, expect, test } from "vitest";
import { decodeStatus } from "../../src/api/status.ts";
import { mean, quantile, subtract, sum } from "../../src/features/status/histogram.ts";
import {
  extend,
  type History,
  kWindowMs,
  memoryLine,
  rateLine,
  recentLatency,
  requestRate,
  type Sample,
  sampleOf,
  tokenRate,
  upToLastAnswer,
} from "../../src/features/status/history.ts";
import { statusJson } from "../support/status_fixture.ts";

const kInf = Number.POSITIVE_INFINITY;

function sample(at_s: number, requests: number, changes: Partial<Sample> = {}): Sample {
  return {
    at: at_s * 1000,
    life: "a",
    uptime_s: at_s,
    requests,
    latency: undefined,
    rss_bytes: 1,
    ...changes,
  };
}

const build = (entries: History): History => entries.reduce<History>((all, entry) => extend(all, entry), []);

describe("request rate", () => {
  test("needs two readings", () => {
    expect(requestRate([])).toBeUndefined();
    expect(requestRate([sample(0, 10)])).toBeUndefined();
  });

  test("is the mean over the last ten seconds", () => {
    const history = build(
      [0, 2, 4, 6, 8, 10, 12, 14].map((at) => sample(at, at < 4 ? 0 : 100 + 5 * (at - 4))),
    );
    expect(requestRate(history)).toBe(5);
  });

  test("divides by the server's clock, not by ours", () => {
    expect(requestRate([sample(0, 0), sample(60, 30, { uptime_s: 10 })])).toBe(3);
  });

  test("starts anew with a new life of the server", () => {
    const reborn = { life: "b", uptime_s: 1 };
    expect(requestRate([sample(0, 900), sample(2, 4, reborn)])).toBeUndefined();
    const next = sample(4, 10, { ...reborn, uptime_s: 3 });
    expect(requestRate([sample(0, 900), sample(2, 4, reborn), next])).toBe(3);
  });

  test("stays what it was at the last answer", () => {
    const answered = [sample(0, 0), sample(2, 8)];
    expect(upToLastAnswer([...answered, { at: 4_000 }, { at: 6_000 }])).toEqual(answered);
    expect(upToLastAnswer([{ at: 4_000 }])).toEqual([]);
  });

  test("is never negative, should a counter fall", () => {
    expect(requestRate([sample(0, 9), sample(2, 3)])).toBeUndefined();
  });

  test("is unknown where the server counts no requests, and while it is away", () => {
    expect(requestRate([sample(0, 0), sample(2, 0, { requests: undefined })])).toBeUndefined();
    expect(requestRate([sample(0, 0), sample(2, 8), { at: 4_000 }])).toBeUndefined();
  });
});

describe("lines", () => {
  test("break where there was no answer and where the server began anew", () => {
    const history = [
      sample(0, 0),
      sample(2, 8),
      { at: 4_000 },
      sample(6, 10),
      sample(8, 12),
      sample(10, 1, { life: "b", uptime_s: 1 }),
    ];
    expect(rateLine(history)).toEqual({ xs: [0, 2, 4, 6, 8, 10], ys: [null, 4, null, null, 1, null] });
    expect(memoryLine(history).ys).toEqual([1, 1, null, 1, 1, 1]);
  });

  test("hold five minutes and no more", () => {
    const history = build(Array.from({ length: 1_000 }, (_, i) => sample(2 * i, i)));
    expect(history.length).toBe(kWindowMs / 2_000 + 1);
    expect((history.at(-1)?.at ?? 0) - (history[0]?.at ?? 0)).toBe(kWindowMs);
  });

  test("survive a clock that is set back", () => {
    expect(build([sample(100, 0), sample(50, 5)]).map(({ at }) => at)).toEqual([50_000]);
  });
});

describe("latency", () => {
  const histogram = (count: number) => ({
    count,
    sum: count,
    buckets: [
      [1, count / 2],
      [2, count],
      [kInf, count],
    ] as [number, number][],
  });
  const withLatency = (at: number, count: number) => sample(at, count, { latency: histogram(count) });

  test("of one reading is that since the start, then that of the window", () => {
    expect(recentLatency([withLatency(0, 8)])).toEqual({ value: histogram(8), sinceStart: true });
    const both = recentLatency([withLatency(0, 8), withLatency(2, 20)]);
    expect(both).toEqual({ value: histogram(12), sinceStart: false });
  });

  test("falls back to the start when the counts went down", () => {
    expect(recentLatency([withLatency(0, 8), withLatency(2, 2)])?.sinceStart).toBe(true);
  });

  test("is summed over all series of the metric", () => {
    const status = decodeStatus(statusJson(0));
    const metric = status.metrics.find(({ name }) => name === "seine_http_request_seconds");
    const one = sampleOf(status, 0).latency;
    metric?.series.push(...metric.series.slice(0, 1));
    expect(sampleOf(status, 0).latency?.count).toBe(2 * (one?.count ?? 0));
  });
});

describe("histogram arithmetic", () => {
  // Prometheus' own example of interpolation: 10 observations up to 0.1, 10 more up to 0.2, 2 beyond.
  const value = {
    count: 22,
    sum: 4,
    buckets: [
      [0.1, 10],
      [0.2, 20],
      [kInf, 22],
    ] as [number, number][],
  };

  test("quantiles interpolate within a bucket", () => {
    expect(quantile(value, 0.5)).toEqual({ value: expect.closeTo(0.11), beyond: false });
    expect(quantile(value, 5 / 22)).toEqual({ value: expect.closeTo(0.05), beyond: false });
    expect(quantile(value, 20 / 22)).toEqual({ value: expect.closeTo(0.2), beyond: false });
  });

  test("beyond the last bound the bound is what is known", () => {
    expect(quantile(value, 0.99)).toEqual({ value: 0.2, beyond: true });
  });

  test("nothing comes of nothing", () => {
    expect(quantile({ count: 0, sum: 0, buckets: [[kInf, 0]] }, 0.5)).toBeUndefined();
    expect(quantile({ count: 3, sum: 1, buckets: [[kInf, 3]] }, 0.5)).toBeUndefined();
    expect(mean({ count: 0, sum: 0, buckets: [] })).toBeUndefined();
    expect(sum([])).toBeUndefined();
  });

  test("a quantile never falls as q grows, and stays within the bounds", () => {
    let before = 0;
    for (let q = 0; q <= 1; q += 0.01) {
      const { value: at } = quantile(value, q) ?? { value: -1 };
      expect(at).toBeGreaterThanOrEqual(before);
      expect(at).toBeLessThanOrEqual(0.2);
      before = at;
    }
  });

  test("histograms of different bounds do not mix", () => {
    const other = { count: 1, sum: 1, buckets: [[9, 1]] as [number, number][] };
    expect(subtract(value, other)).toBeUndefined();
    expect(sum([value, other])).toBeUndefined();
    expect(sum([value, value])?.buckets[1]).toEqual([0.2, 40]);
  });
});

test("tokens per second are counted like requests, where the server has an engine", () => {
  expect(tokenRate([sample(0, 0, { tokens: 100 }), sample(2, 0, { tokens: 260 })])).toBe(80);
  expect(tokenRate([sample(0, 0), sample(2, 9)])).toBeUndefined();
});
