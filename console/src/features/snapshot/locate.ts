// A snapshot's blocks with the cited span marked in them. Spans and blocks are in bytes; what is drawn is text. Pure.

import type { Span } from "../../api/answer.ts";
import type { Snapshot, SnapshotBlock } from "../../api/snapshots.ts";
import { disarm, mark } from "../../components/markdown/sentinels.ts";
import { indexesOfBytes } from "../../lib/offsets.ts";

export interface LocatedBlock {
  start: number;
  kind: string;
  /** Markdown; the span's part in it is marked. */
  text: string;
  cited: boolean;
}

export interface Located {
  blocks: LocatedBlock[];
  /** What stands at the span, as it is in the page; empty without a span. */
  quote: string;
  headingPath: string[];
  /** Where in a document the span begins: "page=3". */
  anchor: string | null;
}

export function locate(snapshot: Snapshot, span: Span): Located {
  const { markdown } = snapshot;
  const parts = covering(snapshot);
  const wanted = span.end > span.start;
  const [from = 0, to = 0, ...edges] = indexesOfBytes(markdown, [
    span.start,
    span.end,
    ...parts.flatMap(({ start, end }) => [start, end]),
  ]);
  let headingPath: string[] = [];
  let anchor: string | null = null;
  const blocks = parts.map(({ start, kind, headingPath: headings, anchor: place }, index): LocatedBlock => {
    const begin = edges[2 * index] ?? 0;
    const end = edges[2 * index + 1] ?? 0;
    const text = markdown.slice(begin, end);
    const cited = wanted && from < end && to > begin;
    if (!cited) return { start, kind, text: disarm(text), cited };
    if (headingPath.length === 0) headingPath = headings;
    anchor ??= place;
    const range = { start: Math.max(from, begin) - begin, end: Math.min(to, end) - begin, id: 0 };
    return { start, kind, text: mark(text, [], [range]), cited };
  });
  return { blocks, quote: wanted ? markdown.slice(from, to) : "", headingPath, anchor };
}

/** The blocks in order, with what lies between them as blocks too: nothing of the page is left out. */
function covering({ markdown, blocks }: Snapshot): SnapshotBlock[] {
  const bytes = new TextEncoder().encode(markdown).length;
  const parts: SnapshotBlock[] = [];
  let done = 0;
  for (const block of [...blocks].sort((a, b) => a.start - b.start)) {
    const start = Math.max(done, block.start);
    const end = Math.min(bytes, block.end);
    if (end <= start) continue;
    if (start > done) parts.push({ kind: "", start: done, end: start, headingPath: [], anchor: null });
    parts.push({ ...block, start, end });
    done = end;
  }
  if (done < bytes) parts.push({ kind: "", start: done, end: bytes, headingPath: [], anchor: null });
  return parts;
}
