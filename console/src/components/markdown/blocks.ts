// Markdown into blocks, again and again while it grows: only the end of the text is parsed anew, so a long answer
// costs what it adds and not the square of it. Parsing is marked's (CommonMark and GFM); markup never comes out of
// it, only tokens.
import { Marked, type Token, type TokensList } from "marked";

export interface Block {
  token: Token;
  raw: string;
  start: number;
}

export interface Blocks {
  text: string;
  blocks: Block[];
}

export const kNoBlocks: Blocks = { text: "", blocks: [] };

// A list may go on, a paragraph may turn out to be a heading: what the last blocks are is not settled yet.
const kUnsettled = 3;

const kBlockMath = /^ {0,3}(?:\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\])[ \t]*(?:\n|$)/;
// A dollar sign before a space or after one is money, and so is one before a digit: "$5 and $6".
const kInlineMath = /^(?:\$\$([^$\n]+?)\$\$|\$(?!\s)((?:\\.|[^$\\\n])+?)(?<!\s)\$(?!\d)|\\\((.+?)\\\))/;

const parser = new Marked({ gfm: true }).use({
  extensions: [
    {
      name: "blockMath",
      level: "block",
      start: (source) => source.match(/\$\$|\\\[/)?.index,
      tokenizer: (source) => {
        const match = kBlockMath.exec(source);
        if (!match) return undefined;
        return { type: "blockMath", raw: match[0], text: (match[1] ?? match[2] ?? "").trim() };
      },
    },
    {
      name: "inlineMath",
      level: "inline",
      start: (source) => source.match(/\$|\\\(/)?.index,
      tokenizer: (source) => {
        const match = kInlineMath.exec(source);
        if (!match) return undefined;
        return {
          type: "inlineMath",
          raw: match[0],
          text: (match[1] ?? match[2] ?? match[3] ?? "").trim(),
          display: match[1] !== undefined,
        };
      },
    },
  ],
});

function lex(text: string): TokensList {
  return parser.lexer(text);
}

/** The blocks of a text, reusing what `before` has in common with it. */
export function growBlocks(before: Blocks, text: string): Blocks {
  if (before.text === text) return before;
  const common = commonLength(before.text, text);
  let kept = 0;
  while (kept < before.blocks.length) {
    const block = before.blocks[kept] as Block;
    if (block.start + block.raw.length > common) break;
    kept++;
  }
  kept = Math.max(0, Math.min(kept, before.blocks.length - kUnsettled));
  const blocks = before.blocks.slice(0, kept);
  const last = blocks.at(-1);
  let start = last ? last.start + last.raw.length : 0;
  for (const token of lex(text.slice(start))) {
    blocks.push({ token, raw: token.raw, start });
    start += token.raw.length;
  }
  return { text, blocks };
}

function commonLength(a: string, b: string): number {
  if (b.startsWith(a)) return a.length;
  const most = Math.min(a.length, b.length);
  let at = 0;
  while (at < most && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}
