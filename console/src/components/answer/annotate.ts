// Where citations stand in an answer, as marks in its Markdown. Offsets come in code points. Pure.
import type { Citation, Support } from "../../api/answer.ts";
import { indexesOfCodePoints } from "../../lib/offsets.ts";
import { mark, type Point, type Range } from "../markdown/sentinels.ts";

export interface Sentence {
  /** Indexes into the citations. */
  citations: number[];
  /** The best word of its citations: one source that supports it is enough. */
  support: Support | null;
}

export interface Annotated {
  text: string;
  /** By the id of the range in the text. */
  sentences: Sentence[];
  /** The marker of each citation as it stood in the text. */
  literals: string[];
}

const kOrder: (Support | null)[] = [null, "unsupported", "partial", "supported"];

export function annotate(text: string, citations: readonly Citation[]): Annotated {
  const indexes = indexesOfCodePoints(
    text,
    citations.flatMap((each) => [each.start, each.end, each.sentenceStart, each.sentenceEnd]),
  );
  const points: Point[] = [];
  const ranges: Range[] = [];
  const sentences: Sentence[] = [];
  const literals: string[] = [];
  const taken = new Set<number>();
  for (const [id, citation] of citations.entries()) {
    const [start = 0, end = 0, from = 0, to = 0] = indexes.slice(4 * id, 4 * id + 4);
    literals.push(text.slice(start, end));
    // Two citations of one marker: the second stands right behind it.
    points.push(taken.has(start) ? { at: end, end, id } : { at: start, end, id });
    taken.add(start);
    if (to <= from) continue;
    const same = ranges.find((range) => range.start === from && range.end === to);
    if (same) {
      const sentence = sentences[same.id] as Sentence;
      sentence.citations.push(id);
      if (kOrder.indexOf(citation.support) > kOrder.indexOf(sentence.support)) {
        sentence.support = citation.support;
      }
    } else if (!ranges.some((range) => from < range.end && range.start < to)) {
      ranges.push({ start: from, end: to, id: sentences.length });
      sentences.push({ citations: [id], support: citation.support });
    }
  }
  return { text: mark(text, points, ranges), sentences, literals };
}

/** How many cited sentences each word was given to. */
export function tally(sentences: readonly Sentence[]): Record<Support, number> {
  const counts = { supported: 0, partial: 0, unsupported: 0 };
  for (const { support } of sentences) if (support) counts[support]++;
  return counts;
}
