import { describe, expect, test } from "vitest";
import { readEvents, type ServerEvent, SseParser } from "../../src/api/sse.ts";

const message = (data: string, event = "message", id = ""): ServerEvent => ({ event, data, id });
const parse = (text: string) => new SseParser().feed(text);

// The examples of WHATWG HTML §9.2.6 and the corners of its grammar.
const kCases: [string, string, ServerEvent[]][] = [
  ["one line", "data: a\n\n", [message("a")]],
  ["several lines", "data: YHOO\ndata: +2\ndata: 10\n\n", [message("YHOO\n+2\n10")]],
  ["no space after the colon", "data:a\n\n", [message("a")]],
  ["only one space is taken", "data:  a\n\n", [message(" a")]],
  ["no colon", "data\n\n", [message("")]],
  ["two empty lines of data", "data\ndata\n\n", [message("\n")]],
  ["comments", ": ping\n\ndata: a\n\n", [message("a")]],
  ["names", "event: delta\ndata: a\n\ndata: b\n\n", [message("a", "delta"), message("b")]],
  [
    "ids outlive their event",
    "id: 1\ndata: a\n\ndata: b\n\n",
    [message("a", "message", "1"), message("b", "message", "1")],
  ],
  ["ids with NUL are ignored", "id: a\0b\ndata: a\n\n", [message("a")]],
  ["an event without data is none", "event: x\n\ndata: a\n\n", [message("a")]],
  ["unknown fields", "colour: red\ndata: a\n\n", [message("a")]],
  ["CRLF and CR", "data: a\r\n\r\ndata: b\r\rdata: c\n\n", [message("a"), message("b"), message("c")]],
  ["a byte order mark", "\uFEFFdata: a\n\n", [message("a")]],
  ["an unfinished event", "data: a\n\ndata: b\n", [message("a")]],
  ["colons in data", 'data: {"a":1}\n\n', [message('{"a":1}')]],
];

describe("the event stream parser", () => {
  test.each(kCases)("%s", (_name, text, events) => {
    expect(parse(text)).toEqual(events);
  });

  // Cut in two at every place, and into single characters.
  test.each(kCases)("%s, in any pieces", (_name, text, events) => {
    for (let cut = 0; cut <= text.length; cut++) {
      const parser = new SseParser();
      expect([...parser.feed(text.slice(0, cut)), ...parser.feed(text.slice(cut))]).toEqual(events);
    }
    const parser = new SseParser();
    expect([...text].flatMap((character) => parser.feed(character))).toEqual(events);
  });

  test("keeps the reconnection time", () => {
    const parser = new SseParser();
    parser.feed("retry: 1500\nretry: soon\n");
    expect(parser.retryMs).toBe(1500);
  });

  test("refuses an event without end", () => {
    const parser = new SseParser();
    const piece = `data: ${"x".repeat(1 << 20)}\n`;
    expect(() => {
      for (let i = 0; i < 8; i++) parser.feed(piece);
    }).toThrow(/longer than 4194304/);
    expect(() => new SseParser().feed("x".repeat((4 << 20) + 1))).toThrow(/longer/);
  });
});

describe("reading a response", () => {
  test("decodes UTF-8 across pieces", async () => {
    const bytes = new TextEncoder().encode("data: 塞纳河\n\ndata: b\n\n");
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const events: ServerEvent[] = [];
    for await (const event of readEvents(body)) events.push(event);
    expect(events.map(({ data }) => data)).toEqual(["塞纳河", "b"]);
  });

  test("calls the stream off when the reader leaves", async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode("data: a\n\n")),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const event of readEvents(body)) {
      expect(event.data).toBe("a");
      break;
    }
    expect(cancelled).toBe(true);
  });
});
