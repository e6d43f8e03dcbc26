// Server-sent events (WHATWG HTML §9.2) without EventSource, which cannot send a body or headers.
// The parser is sans-IO: feed it text in any pieces, it hands out whole events. It never holds more than
// kEventCharsMax of an unfinished event.
import { ContractError } from "./errors.ts";

export interface ServerEvent {
  event: string;
  data: string;
  /** The last id seen so far, as the standard has it: it outlives the event that set it. */
  id: string;
}

const kEventCharsMax = 4 << 20;

export class SseParser {
  #rest = "";
  #first = true;
  #afterCr = false;
  #event = "";
  #data: string[] = [];
  #dataChars = 0;
  #id = "";
  /** The reconnection time the server asked for, in milliseconds. */
  retryMs: number | undefined;

  feed(piece: string): ServerEvent[] {
    if (piece === "") return [];
    let text = piece;
    if (this.#first && text.startsWith("\uFEFF")) text = text.slice(1);
    this.#first = false;
    // CRLF is one line end, also when a piece ends between the two.
    if (this.#afterCr && text.startsWith("\n")) text = text.slice(1);
    this.#afterCr = text === "" ? false : text.endsWith("\r");

    const lines = text.split(/\r\n|\r|\n/);
    const events: ServerEvent[] = [];
    for (const [index, line] of lines.entries()) {
      if (index === lines.length - 1) {
        this.#rest += line;
        break;
      }
      const event = this.#line(this.#rest + line);
      this.#rest = "";
      if (event) events.push(event);
    }
    if (this.#rest.length + this.#dataChars > kEventCharsMax) {
      throw new ContractError(`an event is longer than ${kEventCharsMax} characters`);
    }
    return events;
  }

  #line(line: string): ServerEvent | undefined {
    if (line === "") return this.#dispatch();
    if (line.startsWith(":")) return undefined;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (field === "event") this.#event = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
    else if (field === "data") {
      this.#data.push(value);
      this.#dataChars += value.length + 1;
    }
    return undefined;
  }

  #dispatch(): ServerEvent | undefined {
    const data = this.#data;
    const event = this.#event || "message";
    this.#data = [];
    this.#dataChars = 0;
    this.#event = "";
    return data.length === 0 ? undefined : { event, data: data.join("\n"), id: this.#id };
  }
}

/**
 * The events of a streaming response, until the server ends it or the reader breaks off. onBytes hears of every
 * piece that arrives, comments included: a sign that the server lives.
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  onBytes?: () => void,
): AsyncGenerator<ServerEvent> {
  const parser = new SseParser();
  const reader = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onBytes?.();
      yield* parser.feed(value);
    }
  } finally {
    await reader.cancel();
  }
}
