// Markdown as the words that it says, for places that show one line of it.
import type { Token } from "marked";
import { growBlocks, kNoBlocks } from "./blocks.ts";
import { decodeEntities } from "./inline.tsx";
import { disarm } from "./sentinels.ts";

export function plainText(markdown: string): string {
  return growBlocks(kNoBlocks, disarm(markdown))
    .blocks.map(({ token }) => wordsOf(token))
    .join(" ")
    .replace(/\s+/g, " ")
    .trim();
}

function wordsOf(token: Token): string {
  if (token.type === "table") {
    const rows: { tokens: Token[] }[][] = [token.header, ...token.rows];
    return rows.map((row) => row.map((cell) => cell.tokens.map(wordsOf).join("")).join(" ")).join(" ");
  }
  if (token.type === "list") return token.items.map(wordsOf).join(" ");
  if (token.type === "space" || token.type === "br") return " ";
  if (token.type === "image" || token.type === "code" || token.type === "codespan") return token.text;
  if ("tokens" in token && token.tokens) return token.tokens.map(wordsOf).join("");
  return "text" in token && typeof token.text === "string" ? decodeEntities(token.text) : "";
}
