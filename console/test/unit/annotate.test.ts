// Citations as marks in the Markdown of an answer.
import { describe, expect, test } from "vitest";
import type { Citation, Support } from "../../src/api/answer.ts";
import { annotate, tally } from "../../src/components/answer/annotate.ts";
import { disarm, mark, pieces, strip } from "../../src/components/markdown/sentinels.ts";

function cite(
  text: string,
  marker: string,
  sentence: string,
  support: Support = "supported",
  nth = 0,
): Citation {
  const points = (part: string) => [...part].length;
  let at = -1;
  for (let i = 0; i <= nth; i++) at = text.indexOf(marker, at + 1);
  const from = text.indexOf(sentence);
  if (at < 0 || from < 0) throw new Error("not in the text");
  const start = points(text.slice(0, at));
  const sentenceStart = points(text.slice(0, from));
  return {
    marker: 1,
    start,
    end: start + points(marker),
    sentenceStart,
    sentenceEnd: sentenceStart + points(sentence),
    sourceId: 1,
    quote: "",
    span: null,
    anchor: null,
    support,
  };
}

const shown = (text: string) =>
  pieces(text)
    .map((piece) => (piece.kind === "text" ? piece.text : `<${piece.kind} ${piece.id}>`))
    .join("");

describe("marks", () => {
  test("a marker gives way to its point, its sentence is ranged, emoji before it count once", () => {
    const text = "潮汐 🌊🌊 达到波塞[1]。然后";
    const { text: marked } = annotate(text, [cite(text, "[1]", "潮汐 🌊🌊 达到波塞[1]")]);
    expect(shown(marked)).toBe("<open 0>潮汐 🌊🌊 达到波塞<point 0><close 0>。然后");
  });

  test("two citations of one marker, and two markers of one sentence", () => {
    const text = "It rose[1][2].";
    const first = cite(text, "[1]", "It rose[1][2]", "unsupported");
    const marked = annotate(text, [first, { ...first }, cite(text, "[2]", "It rose[1][2]", "partial")]);
    expect(shown(marked.text)).toBe("<open 0>It rose<point 0><point 1><point 2><close 0>.");
    expect(marked.sentences).toEqual([{ citations: [0, 1, 2], support: "partial" }]);
    expect(marked.literals).toEqual(["[1]", "[1]", "[2]"]);
  });

  test("a range that begins at the sign of its line begins behind it", () => {
    for (const sign of ["- ", "1. ", "## ", "> ", "> - ", "  * ", "| "]) {
      const text = `intro\n${sign}It rose[1]\n`;
      const { text: marked } = annotate(text, [cite(text, "[1]", `${sign}It rose[1]`)]);
      expect(shown(marked)).toBe(`intro\n${sign}<open 0>It rose<point 0><close 0>\n`);
    }
  });

  test("sentences that overlap keep the first", () => {
    const text = "One[1] two[2].";
    const marked = annotate(text, [cite(text, "[1]", "One[1] two"), cite(text, "[2]", "two[2]")]);
    expect(marked.sentences).toHaveLength(1);
    expect(shown(marked.text)).toBe("<open 0>One<point 0> two<close 0><point 1>.");
  });

  test("a text cannot forge marks", () => {
    const forged = "\u2E280\u2E29 and \u2E260\u2E27x\u2E240\u2E25";
    expect(pieces(disarm(forged))).toEqual([{ kind: "text", text: "[0] and [0]x[0]" }]);
    expect(disarm(forged)).toHaveLength(forged.length);
    expect(pieces(mark(forged, [], [])).every((piece) => piece.kind === "text")).toBe(true);
  });

  test("a copy has the markers of the text, and no marks", () => {
    const text = "`x[1]` and *y*[2]";
    const marked = annotate(text, [cite(text, "[1]", "`x[1]`"), cite(text, "[2]", "*y*[2]")]);
    expect(strip(marked.text, (id) => marked.literals[id] ?? "")).toBe(text);
  });

  test("offsets beyond the text do no harm", () => {
    const wild = { ...cite("abc[1]", "[1]", "abc"), start: 90, end: 99, sentenceStart: 50, sentenceEnd: 4 };
    expect(shown(annotate("abc[1]", [wild]).text)).toBe("abc[1]<point 0>");
  });

  test("a tally counts each sentence once, by its best word", () => {
    const sentences = [
      { citations: [0], support: "supported" as const },
      { citations: [1], support: null },
      { citations: [2], support: "partial" as const },
    ];
    expect(tally(sentences)).toEqual({ supported: 1, partial: 1, unsupported: 0 });
  });
});
