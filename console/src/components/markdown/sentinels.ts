// Marks in Markdown that live through the parser: a point where a citation stands, the two ends of a range. They are
// rare brackets, punctuation to the parser like the "[1]" that they stand for, so that emphasis beside them opens and
// closes as it would without them. The same brackets in the text itself are replaced first: nobody can forge a mark.

export interface Point {
  at: number;
  /** What stood there, to be taken out: the marker's own text. */
  end: number;
  id: number;
}

export interface Range {
  start: number;
  end: number;
  id: number;
}

const kPoint = ["\u2E28", "\u2E29"] as const;
const kOpen = ["\u2E26", "\u2E27"] as const;
const kClose = ["\u2E24", "\u2E25"] as const;
const kAny = /[\u2E24-\u2E29]/g;
const kMark = /\u2E28(\d+)\u2E29|\u2E26(\d+)\u2E27|\u2E24(\d+)\u2E25/g;
// What a line may begin with that must stay at its beginning to mean what it means.
const kLineStart = /^(?:[ \t]*(?:>|[-*+]|\d{1,9}[.)]|#{1,6}|\|)[ \t]*)+/;

export function disarm(text: string): string {
  return text.replace(kAny, (mark) => (mark.charCodeAt(0) % 2 === 0 ? "[" : "]"));
}

/** Puts marks into a text. Positions are UTF-16 indexes; a point's own text [at, end) gives way to its mark. */
export function mark(text: string, points: readonly Point[], ranges: readonly Range[]): string {
  const clean = disarm(text);
  type Edit = { at: number; end: number; text: string; rank: number };
  const edits: Edit[] = [];
  for (const { at, end, id } of points) {
    edits.push({ at, end: Math.max(at, end), text: kPoint[0] + id + kPoint[1], rank: 1 });
  }
  for (const { start, end, id } of ranges) {
    const from = behindLineStart(clean, start);
    if (end <= from) continue;
    edits.push({ at: from, end: from, text: kOpen[0] + id + kOpen[1], rank: 2 });
    edits.push({ at: end, end, text: kClose[0] + id + kClose[1], rank: 0 });
  }
  edits.sort((a, b) => a.at - b.at || a.rank - b.rank);
  let marked = "";
  let done = 0;
  for (const edit of edits) {
    if (edit.at < done && edit.end > edit.at) continue; // two points on one place: the first stands
    const at = Math.max(edit.at, done);
    marked += clean.slice(done, at) + edit.text;
    done = Math.max(at, edit.end);
  }
  return marked + clean.slice(done);
}

function behindLineStart(text: string, at: number): number {
  const line = text.lastIndexOf("\n", at - 1) + 1;
  const lead = kLineStart.exec(text.slice(line, line + 200))?.[0].length ?? 0;
  return Math.max(at, line + lead);
}

export type Piece =
  | { kind: "text"; text: string }
  | { kind: "point"; id: number }
  | { kind: "open"; id: number }
  | { kind: "close"; id: number };

export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let done = 0;
  for (const match of text.matchAll(kMark)) {
    if (match.index > done) found.push({ kind: "text", text: text.slice(done, match.index) });
    done = match.index + match[0].length;
    if (match[1] !== undefined) found.push({ kind: "point", id: Number(match[1]) });
    else if (match[2] !== undefined) found.push({ kind: "open", id: Number(match[2]) });
    else found.push({ kind: "close", id: Number(match[3]) });
  }
  if (done < text.length) found.push({ kind: "text", text: text.slice(done) });
  return found;
}

/** The text as a reader would copy it: ranges vanish, points become what `literal` says. */
export function strip(text: string, literal: (id: number) => string): string {
  return pieces(text)
    .map((piece) => (piece.kind === "text" ? piece.text : piece.kind === "point" ? literal(piece.id) : ""))
    .join("");
}

/** Where the first mark stands, or the length of the text. */
export function firstMark(text: string): number {
  const at = text.search(kMark);
  return at < 0 ? text.length : at;
}
