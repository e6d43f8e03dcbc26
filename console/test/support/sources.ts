// The sources of the console, for tests that read them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

export const kSrc = new URL("../../src/", import.meta.url).pathname;

export interface Source {
  /** Relative to src/, with forward slashes. */
  path: string;
  text: string;
  ast: ts.SourceFile;
}

export const sources: Source[] = readdirSync(kSrc, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
  .map((entry) => {
    const file = join(entry.parentPath, entry.name);
    const text = readFileSync(file, "utf8");
    const kind = file.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
    const ast = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, kind);
    return { path: file.slice(kSrc.length), text, ast };
  })
  .sort((a, b) => a.path.localeCompare(b.path));

export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  node.forEachChild((child) => walk(child, visit));
}
