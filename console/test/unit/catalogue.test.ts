// Both catalogues say the same, every message is used, and no words stand outside them.
import { readFileSync } from "node:fs";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { fill, type Key } from "../../src/i18n/catalogue.ts";
import { en } from "../../src/i18n/en.ts";
import { zh } from "../../src/i18n/zh.ts";
import { sources, walk } from "../support/sources.ts";

const kKeys = Object.keys(en) as Key[];
const kHan = /\p{Script=Han}/u;
const names = (message: string) => [...message.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

// Written the same in both languages: names, a language in its own words, signs, terms of statistics.
const kSame: Key[] = [
  "app.name",
  "app.title",
  "language.en",
  "language.zh",
  "figure.latency.p50",
  "figure.latency.p99",
  "figure.over",
  "figure.none",
  "metrics.histogram.p99",
];

describe("the two catalogues", () => {
  test("have the same keys in the same order", () => {
    expect(Object.keys(zh)).toEqual(kKeys);
  });

  test.each(kKeys)("%s takes the same values and is in its own language", (key) => {
    expect(names(zh[key])).toEqual(names(en[key]));
    expect(en[key].trim()).toBe(en[key]);
    expect(zh[key].trim()).toBe(zh[key]);
    expect(en[key]).not.toBe("");
    if (kSame.includes(key)) {
      expect(zh[key]).toBe(en[key]);
      return;
    }
    expect(en[key]).not.toMatch(kHan);
    expect(zh[key]).toMatch(kHan);
    // Chinese text has Chinese punctuation.
    expect(zh[key]).not.toMatch(/\p{Script=Han}[,;:!?]|[,;:!?]\p{Script=Han}/u);
  });

  test("leave no brace unfilled", () => {
    expect(fill("{a} of {b}", { a: "1", b: "{a}" })).toBe("1 of {a}");
    expect(fill("{a}", {})).toBe("{a}");
  });
});

/** The first arguments of calls to t(), as patterns: `a.${x}.b` may be any key between. */
function usedKeys(): RegExp[] {
  const used: RegExp[] = [];
  const literally = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  for (const { ast } of sources) {
    walk(ast, (node) => {
      if (!ts.isCallExpression(node)) return;
      const callee = node.expression;
      const name = ts.isPropertyAccessExpression(callee) ? callee.name.text : callee.getText();
      const [key] = node.arguments;
      if (name !== "t" || !key) return;
      if (ts.isStringLiteral(key)) used.push(new RegExp(`^${literally(key.text)}$`));
      else if (ts.isTemplateExpression(key)) {
        const parts = [key.head.text, ...key.templateSpans.map(({ literal }) => literal.text)];
        used.push(new RegExp(`^${parts.map(literally).join("[^.]+")}$`));
      } else throw new Error(`t(${key.getText()}): a key must be readable from the source`);
    });
  }
  const html = readFileSync(new URL("../../index.html", import.meta.url), "utf8");
  for (const [, key] of html.matchAll(/%([\w.]+)%/g)) used.push(new RegExp(`^${literally(key as string)}$`));
  return used;
}

test("every message is used", () => {
  const used = usedKeys();
  expect(used.length).toBeGreaterThan(50);
  expect(kKeys.filter((key) => !used.some((pattern) => pattern.test(key)))).toEqual([]);
});

const kVisibleAttributes = [
  "title",
  "alt",
  "placeholder",
  "aria-label",
  "aria-description",
  "label",
  "name",
  "note",
];
const kLetters = /\p{L}/u;

// Typed by the reader as they stand, in any language.
const kCommands = ["seine up", "seine link", "seine doctor", "seine version", "seine up --model FILE"];

test("no words stand outside the catalogues", () => {
  const found: string[] = [];
  for (const { path, ast } of sources) {
    if (path.startsWith("i18n/")) continue;
    const report = (node: ts.Node) => {
      const { line } = ast.getLineAndCharacterOfPosition(node.getStart());
      found.push(`${path}:${line + 1}: ${node.getText().trim()}`);
    };
    walk(ast, (node) => {
      // Text between tags.
      if (ts.isJsxText(node) && kLetters.test(node.text)) report(node);
      if (!ts.isStringLiteralLike(node)) return;
      // "…" in braces between tags, or chosen there by ?: or &&.
      let place: ts.Node = node.parent;
      while (
        ts.isConditionalExpression(place) ||
        ts.isBinaryExpression(place) ||
        ts.isParenthesizedExpression(place)
      ) {
        place = place.parent;
      }
      const inText = ts.isJsxExpression(place) && !ts.isJsxAttribute(place.parent);
      const attribute = ts.isJsxExpression(place) ? place.parent : place;
      const inAttribute =
        ts.isJsxAttribute(attribute) && kVisibleAttributes.includes(attribute.name.getText());
      if ((inText || inAttribute) && kLetters.test(node.text) && !isComparison(node)) report(node);
      // Chinese anywhere, and anything that reads like a sentence.
      if (kHan.test(node.text)) report(node);
      if (/^[A-Z][\w']* [\w', ]*[.:!?…]$/.test(node.text)) report(node);
    });
  }
  expect(found.filter((line) => !kCommands.some((command) => line.endsWith(`"${command}"`)))).toEqual([]);
});

/** x === "word" decides what is shown; the word is not shown. */
function isComparison(node: ts.Node): boolean {
  return (
    ts.isBinaryExpression(node.parent) &&
    [ts.SyntaxKind.EqualsEqualsEqualsToken, ts.SyntaxKind.ExclamationEqualsEqualsToken].includes(
      node.parent.operatorToken.kind,
    )
  );
}
