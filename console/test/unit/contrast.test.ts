// WCAG 2.2: 4.5:1 for text (1.4.3), 3:1 for what one must see to use a control or read a chart (1.4.11).
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const kCss = readFileSync(new URL("../../src/app/tokens.css", import.meta.url), "utf8");
const kTokens = new Map(
  [...kCss.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(
    ([, name, light, dark]) => [name, { light, dark }] as [string, { light: string; dark: string }],
  ),
);

const kGrounds = ["canvas", "surface", "sunken", "raised"];
const kText: [string, string[]][] = [
  ["ink", [...kGrounds, "good-soft", "warn-soft", "bad-soft", "river-soft"]],
  ["ink-soft", [...kGrounds, "warn-soft", "bad-soft", "river-soft"]],
  ["ink-faint", ["canvas", "surface", "sunken"]],
  ["river", ["canvas", "surface", "river-soft"]],
  ["on-river", ["river"]],
  ["good", ["surface", "good-soft"]],
  ["warn", ["surface", "warn-soft"]],
  ["bad", ["surface", "raised", "bad-soft"]],
];
const kMarks: [string, string[]][] = [
  ["line-strong", ["canvas", "surface"]],
  ["river", ["canvas", "surface", "sunken"]],
  ["bronze", ["surface"]],
  ["good", ["canvas", "surface"]],
];

// WCAG 2.2, "relative luminance" and "contrast ratio".
function luminance(hex: string): number {
  const channel = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function token(name: string, theme: "light" | "dark"): string {
  const value = kTokens.get(name)?.[theme];
  if (!value) throw new Error(`tokens.css has no --${name}`);
  return value;
}

describe.each(["light", "dark"] as const)("%s theme", (theme) => {
  const pairs = (table: [string, string[]][]) =>
    table.flatMap(([front, grounds]) => grounds.map((ground) => [front, ground] as const));

  test.each(pairs(kText))("text %s on %s", (front, ground) => {
    expect(contrast(token(front, theme), token(ground, theme))).toBeGreaterThanOrEqual(4.5);
  });

  test.each(pairs(kMarks))("mark %s on %s", (front, ground) => {
    expect(contrast(token(front, theme), token(ground, theme))).toBeGreaterThanOrEqual(3);
  });
});

test("black on white is 21:1", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
});

test("every token is a pair of plain colours and is known here", () => {
  const declared = [...kCss.matchAll(/^\s+--([\w-]+):/gm)].map(([, name]) => name as string);
  expect([...kTokens.keys()]).toEqual(declared);
  const covered = new Set([...kText, ...kMarks].flatMap(([front, grounds]) => [front, ...grounds]));
  // A line between two parts of the same ground is decoration, and so is a shadow.
  expect(declared.filter((name) => !covered.has(name))).toEqual(["line", "shade"]);
});
