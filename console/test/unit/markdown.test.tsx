// Markdown on the page: hostile text stays text, marks survive the parser, and parsing while it grows comes to the
// same as parsing it whole.
// @vitest-environment happy-dom
import { act } from "react";
import { createRoot } from "react-dom/client";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { growBlocks, kNoBlocks } from "../../src/components/markdown/blocks.ts";
import { decodeEntities, type Marks, safeHref } from "../../src/components/markdown/inline.tsx";
import { kNoMarks, Markdown } from "../../src/components/markdown/markdown.tsx";
import { plainText } from "../../src/components/markdown/plain_text.ts";
import { mark } from "../../src/components/markdown/sentinels.ts";

beforeAll(() => vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true));

async function draw(text: string, marks: Marks = kNoMarks): Promise<HTMLElement> {
  const host = document.createElement("div");
  const root = createRoot(host);
  await act(() => root.render(<Markdown text={text} marks={marks} />));
  return host;
}

const kHostile = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "text <svg onload=alert(1)> text",
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt:alert(1))",
  "[x](java\nscript:alert(1))",
  "[x](&#106;avascript:alert(1))",
  "[x](data:text/html,<script>alert(1)</script>)",
  "[x](vbscript:x) ![x](javascript:alert(1))",
  "![pixel](https://tracker.example/p.png?u=1)",
  "<javascript:alert(1)>",
  "[x]: javascript:alert(1)\n\n[x]",
  "| a |\n| - |\n| <iframe src=//x> |",
  "<style>*{display:none}</style>",
  "<a href='javascript:alert(1)' style='position:fixed;inset:0'>x</a>",
  "```html\n<script>alert(1)</script>\n```",
  "`<b onclick=x>`",
  "<details open ontoggle=alert(1)>x",
  "$\\href{javascript:alert(1)}{x}$",
  '"><img src=x>',
  "&lt;img src=x onerror=alert(1)&gt;",
];

describe("hostile text", () => {
  test.each(kHostile)("%s", async (text) => {
    const host = await draw(text);
    expect(host.querySelectorAll("script, img, svg[onload], iframe, style, details").length).toBe(0);
    for (const element of host.querySelectorAll("*")) {
      for (const name of element.getAttributeNames()) expect(name).not.toMatch(/^on|^style$|^src/);
    }
    for (const link of host.querySelectorAll("a")) {
      expect(link.getAttribute("href")).toMatch(/^(https?:\/\/|mailto:)/);
      expect(link.getAttribute("rel")).toContain("noopener");
      expect(link.getAttribute("target")).toBe("_blank");
    }
  });

  test("what is shown is what was written", async () => {
    expect((await draw("a <b onclick=x>c</b> d")).textContent).toBe("a <b onclick=x>c</b> d");
    expect((await draw("![pixel](https://t.example/p.png)")).querySelector("a")?.textContent).toBe("pixel");
  });

  test.each([
    ["https://a.example/x", "https://a.example/x"],
    ["http://a.example", "http://a.example"],
    ["mailto:a@b.example", "mailto:a@b.example"],
    ["javascript:alert(1)", undefined],
    [" javascript:alert(1)", undefined],
    ["//a.example", undefined],
    ["/local", undefined],
    ["https://", undefined],
    ["file:///etc/passwd", undefined],
  ])("an address %s", (href, safe) => {
    expect(safeHref(href)).toBe(safe);
  });

  test("entities", () => {
    expect(decodeEntities("&lt;&amp;&#65;&#x1F30A;&#0;&#xD800;&nothing;&constructor;")).toBe(
      "<&A\u{1F30A}\uFFFD\uFFFD&nothing;&constructor;",
    );
  });
});

describe("what CommonMark and GFM have", () => {
  test.each([
    ["**a** *b* ~~c~~ `d`", "p strong, p em, p del, p code", 4],
    ["# a\n\n## b\n\n###### c", "h3, h6, h3", 3],
    ["- a\n- b\n  - c", "ul li ul li", 1],
    ["3. a\n4. b", 'ol[start="3"] li', 2],
    ["| a | b |\n| :- | -: |\n| 1 | 2 |", 'td[data-align="right"], th[scope="col"]', 3],
    ["- [x] done\n- [ ] open", "li[data-task]", 2],
    ["> a\n> b", "blockquote p", 1],
    ["```py\nx = 1\n```", ".code-block pre code", 1],
    ["a\n\n---\n\nb", "hr", 1],
    ["see https://a.example/x.", 'a[href="https://a.example/x"]', 1],
    ["$x^2$ and \\(y\\)", ".formula", 2],
    ["$$\nx^2\n$$", ".formula-block", 1],
    ["it costs $5 and $6", ".formula", 0],
    ["a<br>b", "br", 1],
  ])("%s", async (text, selector, count) => {
    expect((await draw(text)).querySelectorAll(selector).length).toBe(count);
  });

  test("as plain words", () => {
    expect(plainText("## A *b*\n\n- [c](https://x.example) `d`\n\n| e | f |\n| - | - |\n| &lt; | h |")).toBe(
      "A b c d e f < h",
    );
  });
});

describe("marks in Markdown", () => {
  const marks: Marks = {
    point: (id) => <sup data-point={id} />,
    literal: (id) => `[${id}]`,
    range: (id, children) => <i data-range={id}>{children}</i>,
  };
  const at = (text: string, word: string) => text.indexOf(word);

  test.each([
    "**Bold.**[1] and on",
    "*em*[1]",
    "a `code`[1] b",
    "see https://a.example/x[1]",
    "| a[1] |\n| - |\n| b |",
    "- item[1]\n- next",
    "# head[1]",
    "~~gone~~[1]",
    "[link](https://a.example)[1]",
    "塞纳河**很长**[1]。",
  ])("%s", async (text) => {
    const plainly = await draw(text.replace("[1]", ""));
    const start = at(text, "[1]");
    const host = await draw(mark(text, [{ at: start, end: start + 3, id: 0 }], []), marks);
    expect(host.querySelectorAll("[data-point]").length).toBe(1);
    expect(host.textContent).toBe(plainly.textContent);
    for (const tag of ["strong", "em", "code", "a", "td", "th", "li", "h3", "del"]) {
      expect(host.querySelectorAll(tag).length, tag).toBe(plainly.querySelectorAll(tag).length);
    }
    for (const link of host.querySelectorAll("a")) expect(link.getAttribute("href")).not.toMatch(/\u2E28/);
  });

  test("a range goes through emphasis, items and cells, and ends with its block", async () => {
    const text = "One **two *three* four** five.\n\nSix.";
    const host = await draw(mark(text, [], [{ start: 4, end: text.length, id: 0 }]), marks);
    expect([...host.querySelectorAll("[data-range]")].map((part) => part.textContent)).toEqual([
      "two ",
      "three",
      " four",
      " five.",
    ]);
    expect(host.querySelector("strong em i")).not.toBeNull();
  });

  test("code keeps the marker as text, and is copied with it", async () => {
    const text = "```\nx[1]\n```";
    const host = await draw(mark(text, [{ at: 5, end: 8, id: 7 }], []), marks);
    expect(host.querySelector("pre")?.textContent).toBe("x[7]");
  });
});

describe("text that grows", () => {
  const kWhole = `# Title

A paragraph with **bold** and a list:

- one
- two

  still two
- three

| a | b |
| - | - |
| 1 | 2 |

\`\`\`js
const a = "[1]";

const b = 2;
\`\`\`

> quote
> goes on

Setext
======

$$
x^2
$$

1. first

   text
2. second

End.`;

  test("piece by piece comes to the same blocks as all at once", () => {
    const whole = growBlocks(kNoBlocks, kWhole).blocks.map(({ raw, start }) => ({ raw, start }));
    expect(whole.length).toBeGreaterThan(8);
    for (const size of [1, 2, 3, 7, 40]) {
      let grown = kNoBlocks;
      for (let end = size; end < kWhole.length + size; end += size)
        grown = growBlocks(grown, kWhole.slice(0, end));
      expect(grown.blocks.map(({ raw, start }) => ({ raw, start }))).toEqual(whole);
    }
  });

  test("a change in the middle is seen", () => {
    const before = growBlocks(kNoBlocks, kWhole);
    const changed = kWhole.replace("bold", "BOLD!");
    const raws = growBlocks(before, changed).blocks.map(({ raw }) => raw);
    expect(raws).toEqual(growBlocks(kNoBlocks, changed).blocks.map(({ raw }) => raw));
  });

  test("settled blocks are the same objects: nothing is parsed twice", () => {
    const start = growBlocks(kNoBlocks, kWhole);
    const later = growBlocks(start, `${kWhole} And more.`);
    expect(later.blocks[0]).toBe(start.blocks[0]);
    expect(later.blocks.filter((block) => start.blocks.includes(block)).length).toBe(start.blocks.length - 3);
  });
});
