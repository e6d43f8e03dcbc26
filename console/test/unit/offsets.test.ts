import { describe, expect, test } from "vitest";
import { codePointCount, indexesOfBytes, indexesOfCodePoints } from "../../src/lib/offsets.ts";

const kText = "a\u00E9塞\u{1F30A}\u{1F1EB}\u{1F1F7}e\u0301z";

/** The straightforward way, one prefix after the other. */
function slowly(text: string, offset: number, measure: (prefix: string) => number): number {
  let index = 0;
  for (const character of text) {
    if (measure(text.slice(0, index + character.length)) > offset) break;
    index += character.length;
  }
  return index;
}

describe("offsets of the server in the strings of the browser", () => {
  const points = codePointCount(kText);
  const bytes = Buffer.byteLength(kText);

  test.each([...Array(points + 3).keys()])("code point %d", (offset) => {
    expect(indexesOfCodePoints(kText, [offset])).toEqual([slowly(kText, offset, codePointCount)]);
  });

  test.each([...Array(bytes + 3).keys()])("byte %d", (offset) => {
    expect(indexesOfBytes(kText, [offset])).toEqual([
      slowly(kText, offset, (part) => Buffer.byteLength(part)),
    ]);
  });

  test("many at once, in any order, each as if alone", () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
      return seed % below;
    };
    for (let round = 0; round < 200; round++) {
      const alphabet = [...kText, " ", "\n", "文"];
      const text = Array.from({ length: random(40) }, () => alphabet[random(alphabet.length)]).join("");
      const offsets = Array.from({ length: random(8) }, () => random(150) - 10);
      expect(indexesOfBytes(text, offsets)).toEqual(offsets.map((each) => indexesOfBytes(text, [each])[0]));
      expect(indexesOfCodePoints(text, offsets)).toEqual(
        offsets.map((each) => indexesOfCodePoints(text, [each])[0]),
      );
      for (const index of indexesOfBytes(text, offsets)) {
        expect(text.slice(0, index) + text.slice(index)).toBe(text);
        expect(/[\uD800-\uDBFF]$/.test(text.slice(0, index)), "never inside a pair").toBe(false);
      }
    }
  });

  test("what lies outside goes to the ends", () => {
    expect(indexesOfBytes("abc", [-5, 99])).toEqual([0, 3]);
    expect(indexesOfCodePoints("", [0, 1])).toEqual([0, 0]);
  });
});
