// biome-ignore-all lint/suspicious/noArrayIndexKey: the parts of a text have no name but their place
// Tokens of marked into elements. No token becomes markup: HTML in the source is shown as the text it is, a picture
// is a link to it, and a link goes to http, https or mailto, in a tab of its own.
import type { Token, Tokens } from "marked";
import { Fragment, type ReactNode } from "react";
import { Formula } from "./math.tsx";
import { firstMark, pieces, strip } from "./sentinels.ts";

export interface Marks {
  /** What stands at a point. */
  point: (id: number) => ReactNode;
  /** What a point is in plain text. */
  literal: (id: number) => string;
  /** What a range looks like around a piece of its text. */
  range: (id: number, children: ReactNode) => ReactNode;
}

/** The ranges that are open where drawing has come to; one for each block that is drawn. */
export interface Pen {
  marks: Marks;
  open: number[];
}

const kEntities: Record<string, string> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00A0",
  hellip: "\u2026",
  ndash: "\u2013",
  mdash: "\u2014",
  middot: "\u00B7",
  copy: "\u00A9",
  times: "\u00D7",
  deg: "\u00B0",
};

export function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(\w{2,8}));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return Object.hasOwn(kEntities, name) ? (kEntities[name] ?? whole) : whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    const good = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000);
    return good ? String.fromCodePoint(code) : "\uFFFD";
  });
}

/** The address as it may be followed, or nothing. */
export function safeHref(href: string): string | undefined {
  const bare = href.slice(0, firstMark(href)).trim();
  if (/^mailto:[^\s]+$/i.test(bare)) return bare;
  if (!/^https?:\/\//i.test(bare)) return undefined;
  return URL.canParse(bare) ? bare : undefined;
}

/** Text with marks in it. */
export function drawText(text: string, pen: Pen): ReactNode {
  const drawn: ReactNode[] = [];
  for (const [index, piece] of pieces(text).entries()) {
    if (piece.kind === "open") pen.open.push(piece.id);
    else if (piece.kind === "close") pen.open = pen.open.filter((id) => id !== piece.id);
    else if (piece.kind === "point") drawn.push(<Fragment key={index}>{pen.marks.point(piece.id)}</Fragment>);
    else {
      const wrapped = pen.open.reduceRight<ReactNode>(
        (children, id) => pen.marks.range(id, children),
        piece.text,
      );
      drawn.push(<Fragment key={index}>{wrapped}</Fragment>);
    }
  }
  return drawn;
}

export function drawInline(tokens: readonly Token[] | undefined, pen: Pen): ReactNode {
  return (tokens ?? []).map((token, index) => <Fragment key={index}>{drawOne(token, pen)}</Fragment>);
}

function drawOne(token: Token, pen: Pen): ReactNode {
  switch (token.type) {
    case "strong":
      return <strong>{drawInline(token.tokens, pen)}</strong>;
    case "em":
      return <em>{drawInline(token.tokens, pen)}</em>;
    case "del":
      return <del>{drawInline(token.tokens, pen)}</del>;
    case "codespan":
      return <code>{drawText(token.text, pen)}</code>;
    case "br":
      return <br />;
    case "link":
      return drawLink(token as Tokens.Link, pen);
    case "image":
      return <OutLink href={token.href}>{plain(token.text || token.href, pen)}</OutLink>;
    case "inlineMath":
      return <Formula source={plain(token.text, pen)} display={token.display} />;
    case "html":
      return /^<br\s*\/?>$/i.test(token.raw) ? <br /> : drawText(token.raw, pen);
    case "escape":
      return drawText(token.text, pen);
    case "text":
      return token.tokens ? drawInline(token.tokens, pen) : drawText(decodeEntities(token.text), pen);
    case "checkbox":
      return null; // drawn by its list item
    default:
      return drawText(token.raw, pen);
  }
}

export function plain(text: string, pen: Pen): string {
  return strip(text, pen.marks.literal);
}

function drawLink(token: Tokens.Link, pen: Pen): ReactNode {
  const bare = token.raw === token.text;
  const cut = bare ? firstMark(token.text) : token.text.length;
  if (cut === token.text.length) return <OutLink href={token.href}>{drawInline(token.tokens, pen)}</OutLink>;
  // An address written as it is swallows the marker that follows it: the link ends where the mark begins.
  return (
    <>
      <OutLink href={token.href}>{token.text.slice(0, cut)}</OutLink>
      {drawText(token.text.slice(cut), pen)}
    </>
  );
}

export function OutLink({ href, children }: { href: string; children: ReactNode }) {
  const safe = safeHref(href);
  if (safe === undefined) return children;
  return (
    <a href={safe} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}
