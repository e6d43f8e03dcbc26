// @vitest-environment happy-dom
import { describe, expect, test } from "vitest";
import { decodeStatus } from "../../src/api/status.ts";
import { niceTop } from "../../src/components/time_chart.tsx";
import { tokenIn } from "../../src/features/session/session.ts";
import { backoffMs } from "../../src/features/status/feed.ts";
import { amountWord, search } from "../../src/features/status/metrics.tsx";
import { verdictOf } from "../../src/features/status/verdict.tsx";
import { makeFormat } from "../../src/i18n/format.ts";
import { makeText } from "../../src/i18n/index.ts";
import { detectLocale } from "../../src/i18n/locale.ts";
import { statusJson } from "../support/status_fixture.ts";

const en = makeFormat("en");
const zh = makeFormat("zh-CN");

describe("numbers in words", () => {
  test.each([
    [0, "0 byte", "0 B"],
    [999, "999 byte", "999 B"],
    [1_000, "1 kB", "1 kB"],
    [1_234_567, "1.2 MB", "1.2 MB"],
    [999_600, "1 MB", "1 MB"],
    [123_456_789, "123 MB", "123 MB"],
    [4e18, "4,000 PB", "4,000 PB"],
  ])("%d bytes", (bytes, english, chinese) => {
    expect(en.bytes(bytes)).toBe(english);
    expect(zh.bytes(bytes)).toBe(chinese);
  });

  test.each([
    [0, "0 sec"],
    [0.00042, "420 μs"],
    [0.0018, "1.8 ms"],
    [0.0393, "39.3 ms"],
    [0.9999, "1 sec"],
    [88.49, "88.5 sec"],
    [1_234, "1,234 sec"],
  ])("%d seconds", (seconds, word) => {
    expect(en.seconds(seconds)).toBe(word);
  });

  test.each([
    [0, "0s", "0秒"],
    [59.9, "59s", "59秒"],
    [61, "1m 1s", "1分钟1秒"],
    [3_600, "1h", "1小时"],
    [93_780, "1d 2h", "1天2小时"],
    [86_401, "1d", "1天"],
    [-5, "0s", "0秒"],
  ])("a span of %d seconds", (seconds, english, chinese) => {
    expect(en.span(seconds)).toBe(english);
    expect(zh.span(seconds)).toBe(chinese);
  });

  test("rates keep three digits", () => {
    expect([0, 0.5, 46.72, 1_234.5].map(en.rate)).toEqual(["0.00", "0.50", "46.7", "1,235"]);
  });

  test("the unit of a metric is in its name", () => {
    expect(amountWord("process_resident_memory_bytes", 48e6, en)).toBe("48 MB");
    expect(amountWord("seine_read_bytes_total", 48e6, en)).toBe("48 MB");
    expect(amountWord("process_cpu_seconds_total", 0.002, en)).toBe("2 ms");
    expect(amountWord("seine_log_lines_total", 1_234, en)).toBe("1,234");
    expect(amountWord("process_start_time_seconds", 1_767_323_045, en)).toContain("2026");
  });

  test.each([
    [1, 1],
    [1.01, 2],
    [61e6, 80e6],
    [80e6, 80e6],
    [0.03, 0.04],
    [99, 100],
  ])("a scale that holds %d ends at %d", (value, top) => {
    expect(niceTop(value)).toBeCloseTo(top);
  });
});

describe("the language of a reader", () => {
  test.each([
    [["zh-CN", "en"], "zh"],
    [["zh-Hant-TW"], "zh"],
    [["fr", "zh"], "zh"],
    [["en-GB", "zh"], "en"],
    [["fr"], "en"],
    [[], "en"],
    [["zhx"], "en"],
  ])("%j reads %s", (languages, locale) => {
    expect(detectLocale(languages)).toBe(locale);
  });
});

describe("a sign-in link", () => {
  test.each([
    ["#token=abc-DEF_123", "abc-DEF_123"],
    ["#token=", undefined],
    ["#token=a b", undefined],
    ["#token=<script>", undefined],
    [`#token=${"a".repeat(513)}`, undefined],
    ["#main", undefined],
    ["", undefined],
  ])("%s", (fragment, token) => {
    expect(tokenIn(fragment)).toBe(token);
  });
});

test("tries grow rarer, down to two a minute", () => {
  expect([0, 1, 2, 3, 4, 5, 6, 100].map(backoffMs)).toEqual([
    2_000, 2_000, 4_000, 8_000, 15_000, 30_000, 30_000, 30_000,
  ]);
});

describe("the verdict", () => {
  const status = (changes: object) => decodeStatus(statusJson(0, changes));
  const [store, disk, model] = statusJson(0).checks;
  const failing = { ...store, status: "fail" };
  test.each([
    ["good", { checks: [store, disk] }],
    ["good", { checks: [] }],
    ["warn", { checks: [store, model] }],
    ["bad", { checks: [failing, model] }],
    ["bad", { checks: [failing], ready: false }],
    ["bad", { checks: [store], ready: false }],
  ])("%s for %j", (mood, changes) => {
    expect(verdictOf(status(changes), makeText("en")).mood).toBe(mood);
  });
});

describe("searching metrics", () => {
  const { metrics } = decodeStatus(statusJson(0));
  test.each([
    ["", 12],
    ["  ", 12],
    ["HTTP", 3],
    ["http gauge", 1],
    ["code=404", 1],
    ["level", 1],
    ["first byte", 1],
    ["nothing like it", 0],
  ])("%j finds %d", (query, count) => {
    expect(search(metrics, query)).toHaveLength(count);
  });
});
