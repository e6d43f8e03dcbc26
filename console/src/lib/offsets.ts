// The server counts answers in Unicode code points and snapshots in bytes of UTF-8; JavaScript counts UTF-16 units.
// Both converters take offsets in any order, walk the text once, and clamp what lies outside it.

/** The UTF-16 index of each code point offset. An offset is never put inside a surrogate pair. */
export function indexesOfCodePoints(text: string, offsets: readonly number[]): number[] {
  return convert(text, offsets, () => 1);
}

/** The UTF-16 index of each byte offset; one inside a character goes to its start. */
export function indexesOfBytes(text: string, offsets: readonly number[]): number[] {
  return convert(text, offsets, utf8Length);
}

/** How many code points a text has. */
export function codePointCount(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function utf8Length(codePoint: number): number {
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
}

function convert(text: string, offsets: readonly number[], width: (codePoint: number) => number): number[] {
  const order = offsets.map((_, index) => index).sort((a, b) => (offsets[a] ?? 0) - (offsets[b] ?? 0));
  const found = new Array<number>(offsets.length).fill(text.length);
  let at = 0;
  let index = 0;
  for (const which of order) {
    const target = offsets[which] ?? 0;
    while (index < text.length) {
      const codePoint = text.codePointAt(index) ?? 0;
      const next = at + width(codePoint);
      if (next > target) break;
      at = next;
      index += codePoint > 0xffff ? 2 : 1;
    }
    found[which] = index;
  }
  return found;
}
