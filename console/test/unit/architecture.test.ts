// Who may import whom, and what nobody may do.
import { readdirSync } from "node:fs";
import { posix } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { kSrc, sources, walk } from "../support/sources.ts";

// Each room may import itself and what stands after it.
const kRooms = ["app", "pages", "features", "components", "i18n", "api", "lib"];

interface Import {
  from: string;
  to: string; // a path below src/, or the name of a package
  local: boolean;
}

const kImports: Import[] = sources.flatMap(({ path, ast }) => {
  const found: Import[] = [];
  walk(ast, (node) => {
    let specifier: ts.Expression | undefined;
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) specifier = node.moduleSpecifier;
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      specifier = node.arguments[0];
    }
    if (!specifier || !ts.isStringLiteral(specifier)) return;
    const local = specifier.text.startsWith(".");
    found.push({
      from: path,
      to: local ? posix.join(posix.dirname(path), specifier.text) : specifier.text,
      local,
    });
  });
  return found;
});

const room = (path: string) => path.split("/")[0] as string;
const feature = (path: string) => (room(path) === "features" ? path.split("/")[1] : undefined);
const show = ({ from, to }: Import) => `${from} imports ${to}`;

test("the sources are read", () => {
  expect(sources.length).toBeGreaterThan(20);
  expect(kImports.map(show)).toContain("pages/status_page.tsx imports features/status/charts.tsx");
});

test("every file is in a room", () => {
  const folders = readdirSync(kSrc, { withFileTypes: true }).map(({ name }) => name);
  expect(folders.filter((name) => !kRooms.includes(name))).toEqual([]);
});

test("rooms import only downwards", () => {
  const wrong = kImports.filter(({ from, to, local }) => {
    return local && kRooms.indexOf(room(to)) < kRooms.indexOf(room(from));
  });
  expect(wrong.map(show)).toEqual([]);
});

test("features do not import each other", () => {
  const wrong = kImports.filter(({ from, to, local }) => {
    return local && feature(from) && feature(to) && feature(from) !== feature(to);
  });
  expect(wrong.map(show)).toEqual([]);
});

test("the catalogues are reached through i18n/index.ts alone", () => {
  const wrong = kImports.filter(({ from, to }) => room(from) !== "i18n" && /^i18n\/(?!index\.ts)/.test(to));
  expect(wrong.map(show)).toEqual([]);
});

test("uPlot is drawn in one place", () => {
  const users = kImports.filter(({ to }) => to.startsWith("uplot")).map(({ from }) => from);
  expect(users).toEqual(["components/time_chart.tsx"]);
});

test("file names are in snake case", () => {
  expect(sources.map(({ path }) => path).filter((path) => !/^[a-z0-9_/]+\.tsx?$/.test(path))).toEqual([]);
});

// What would bring server text into the page as markup, or go round the client.
const kBanned: [RegExp, string, string[]][] = [
  [/dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write/, "markup from text", []],
  [/\bfetch\(|XMLHttpRequest|new EventSource|new WebSocket/, "a call past the client", ["api/client.ts"]],
  [/localStorage/, "storage that may be refused", ["lib/storage.ts"]],
  [/\beval\(|new Function\(/, "code from text", []],
];

test.each(kBanned)("nobody uses %s: %s", (pattern, _what, allowed) => {
  const users = sources.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
  expect(users).toEqual(allowed);
});
