// The API behind the scripted server: conversations, runs, models, keys, files and settings in memory, and answers
// that stream as the test's script says.
import type { IncomingMessage, ServerResponse } from "node:http";
import { type AnswerJson, answerJson, snapshotJson } from "./answer_fixture.ts";

interface MessageJson {
  id: string;
  parent_id: string | null;
  role: "user" | "assistant";
  text: string;
  state: string;
  created_at: string;
  run_id: string | null;
  answer: AnswerJson | null;
  model: string | null;
}

interface ChatJson {
  id: string;
  title: string;
  folder: string | null;
  pinned: boolean;
  archived: boolean;
  created_at: string;
  updated_at: string;
  messages: MessageJson[];
}

/** One move of an answer: an event; or to wait for release(), to break off for good, to lose the connection. */
export type Move = { event: string; data: object } | "hold" | "break" | "drop";

interface Sent {
  event: string;
  data: object;
}
export type Script = (answer: AnswerJson) => Move[];

/** Everything an answer has, in the order in which it comes, the text in pieces of eleven characters. */
export const kWholeAnswer: Script = (answer) => [
  ...(answer.steps as object[]).flatMap((step): Move[] => [
    { event: "step", data: { ...step, state: "started", elapsed_ms: null, reason: null } },
    { event: "step", data: step },
  ]),
  ...(answer.sources as object[]).map((data): Move => ({ event: "source", data })),
  ...(answer.reasoning ? [{ event: "reasoning", data: { text: answer.reasoning } }] : []),
  ...textMoves(answer),
  { event: "done", data: answer },
];

/** The text in pieces, each citation as soon as its marker has been sent. */
function textMoves(answer: AnswerJson): Move[] {
  let sent = 0;
  return piecesOf(answer.text).flatMap((text) => {
    const before = sent;
    sent += [...text].length;
    const known = answer.citations.filter(({ end }) => end > before && end <= sent);
    return [
      { event: "text", data: { text } },
      ...known.map(({ start, end, source_id, marker }): Move => {
        return { event: "citation", data: { start, end, source_id, marker } };
      }),
    ];
  });
}

export function piecesOf(text: string, size = 11): string[] {
  const characters = [...text];
  const pieces: string[] = [];
  for (let at = 0; at < characters.length; at += size) pieces.push(characters.slice(at, at + size).join(""));
  return pieces;
}

export class ScriptedApi {
  chats = new Map<string, ChatJson>();
  deleted = new Map<string, ChatJson>();
  models: Record<string, unknown>[] = [];
  keys: Record<string, unknown>[] = [];
  settings: Record<string, unknown> = {};
  prompts = new Map<string, string>();
  /** What models were given room for when they were loaded. */
  rooms: Record<string, unknown>[] = [];
  runs: AnswerJson[] = [];
  providers: Record<string, unknown>[] = [
    { id: "index", state: "ready", cost: null, p50_ms: 4 },
    { id: "wikipedia", state: "ready", cost: null, p50_ms: 310 },
  ];
  /** What was asked, uploaded, and called, in order. */
  asks: Record<string, unknown>[] = [];
  uploads: { name: string; bytes: number }[] = [];
  calls: string[] = [];
  script: Script = kWholeAnswer;
  /** Whether the connection of a question breaks before its first event; the answer is made all the same. */
  mute = false;
  answer: Partial<AnswerJson> = {};
  language: "en" | "zh" = "en";
  /** Calls that fail, as "METHOD /path": the status they get. */
  failing = new Map<string, number>();
  #count = 0;
  #held: (() => void)[] = [];
  #released = false;
  #stopped = new Set<string>();
  #logs = new Map<string, Sent[]>();
  #followers: (() => void)[] = [];
  /** The Last-Event-ID of each stream that was taken up again. */
  resumed: string[] = [];

  /** Lets every stream that waits, or will wait, go on. */
  release(): void {
    this.#released = true;
    for (const go of this.#held.splice(0)) go();
  }

  addChat(title: string, changes: Partial<ChatJson> = {}): ChatJson {
    const id = changes.id ?? `c_${++this.#count}`;
    const at = "2026-01-03T05:00:00Z";
    const chat: ChatJson = {
      id,
      title,
      folder: null,
      pinned: false,
      archived: false,
      created_at: at,
      updated_at: at,
      messages: [],
      ...changes,
    };
    this.chats.set(id, chat);
    return chat;
  }

  /** A chat with one question and its answer. */
  addTalk(title: string, changes: Partial<AnswerJson> = {}): ChatJson {
    const chat = this.addChat(title);
    const answer = answerJson(this.language, { chat_id: chat.id, ...changes });
    const question = this.#message(chat, null, "user", String(answer.question));
    const reply = this.#message(chat, question.id, "assistant", answer.text);
    reply.answer = { ...answer, question_id: question.id, answer_id: reply.id };
    reply.run_id = "r_1";
    return chat;
  }

  #message(chat: ChatJson, parent_id: string | null, role: "user" | "assistant", text: string): MessageJson {
    const message: MessageJson = {
      id: `m_${++this.#count}`,
      parent_id,
      role,
      text,
      state: "complete",
      created_at: "2026-01-03T05:06:00Z",
      run_id: null,
      answer: null,
      model: null,
    };
    chat.messages.push(message);
    return message;
  }

  /** True when the call was one of these. */
  async handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean> {
    const method = request.method ?? "GET";
    const path = url.pathname;
    this.calls.push(`${method} ${path}`);
    response.setHeader("x-request-id", `srv-${this.calls.length}`);
    const status = this.failing.get(`${method} ${path}`);
    if (status !== undefined) {
      json(response, status, { error: { message: "the scheduler is full", code: "resource_exhausted" } });
      return true;
    }
    const [, , kind, id, verb, item] = path.split("/").map(decodeURIComponent);
    if (kind === "ask" && method === "POST") await this.#ask(await bodyOf(request), response);
    else if (kind === "chats") await this.#chats(request, response, url, id, verb, item);
    else if (kind === "runs" && verb === "events" && id) await this.#events(request, response, id);
    else if (kind === "search_providers") json(response, 200, { data: this.providers, next_cursor: null });
    else if (kind === "runs") this.#runs(method, response, id, verb);
    else if (kind === "snapshots" && id) json(response, 200, snapshotJson(id));
    else if (kind === "shared" && id) {
      if (verb === "snapshots" && item) json(response, 200, snapshotJson(item));
      else {
        const chat = this.chats.get(id);
        const at = { created_at: "2026-01-03T05:07:00Z", expires_at: null };
        if (chat) json(response, 200, { title: chat.title, messages: chat.messages, ...at });
        else json(response, 404, { error: { message: "this link is unknown, expired or taken back" } });
      }
    } else if (kind === "models") await this.#models(request, response, url, id, verb);
    else if (kind === "prompts") {
      if (method === "PUT" && id) this.prompts.set(id, String((await bodyOf(request)).text));
      if (method === "DELETE" && id) this.prompts.delete(id);
      if (method !== "GET") response.writeHead(204).end();
      else json(response, 200, { data: [...this.prompts].map(([name, text]) => ({ name, text })) });
    } else if (kind === "keys") await this.#keys(request, response, id);
    else if (kind === "files" && method === "POST") await this.#file(request, response, url);
    else if (kind === "settings" && method === "GET") json(response, 200, this.settings);
    else if (kind === "settings" && method === "PUT") {
      this.settings = { ...this.settings, ...(await bodyOf(request)) };
      json(response, 200, this.settings);
    } else return false;
    return true;
  }

  async #ask(request: Record<string, unknown>, response: ServerResponse): Promise<void> {
    this.asks.push(request);
    const chat = this.chats.get(String(request.chat_id));
    if (!chat) return json(response, 404, { error: { message: "there is no such chat" } });
    const old = chat.messages.find(({ id }) => id === request.regenerate_id);
    const question =
      old ?? this.#message(chat, (request.parent_id as string) ?? null, "user", String(request.question));
    const reply = this.#message(chat, question.id, "assistant", "");
    reply.state = "running";
    reply.run_id = `r_${this.asks.length}`;
    const ids = { run_id: reply.run_id, chat_id: chat.id, question_id: question.id, answer_id: reply.id };
    const answer = answerJson(this.language, { ...this.answer, question: question.text, ...ids });
    const log: Sent[] = [];
    this.#logs.set(reply.run_id, log);
    const send = (event: string, data: object) => {
      log.push({ event, data });
      for (const go of this.#followers.splice(0)) go();
    };
    send("start", { ...ids, model: answer.model, created_at: answer.created_at });
    void this.#play(reply, answer, send);
    if (this.mute) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.flushHeaders();
      response.socket?.end();
    } else await this.#follow(response, log, 0, true);
  }

  /** Moves on whether anybody follows or not. */
  async #play(
    reply: MessageJson,
    answer: AnswerJson,
    send: (event: string, data: object) => void,
  ): Promise<void> {
    let written = "";
    for (const move of this.script(answer)) {
      if (move === "hold") {
        if (!this.#released) await new Promise<void>((resolve) => this.#held.push(resolve));
        if (this.#stopped.has(String(reply.run_id))) {
          const partial = { ...answer, text: written, state: "stopped", citations: [], sources: [] };
          this.#keep(reply, partial);
          send("done", partial);
          return;
        }
        continue;
      }
      if (move === "break") {
        this.#keep(reply, { ...answer, text: written, citations: [], state: "failed" });
        this.#logs.delete(String(reply.run_id));
        send("cut", {});
        return;
      }
      if (move === "drop") {
        send("cut", {});
        continue;
      }
      if (move.event === "text") written += (move.data as { text: string }).text;
      if (move.event === "done") this.#keep(reply, move.data as AnswerJson);
      if (move.event === "error")
        this.#keep(reply, { ...answer, ...move.data, text: written, citations: [], state: "failed" });
      send(move.event, move.data);
    }
  }

  async #follow(response: ServerResponse, log: Sent[], from: number, cuts: boolean): Promise<void> {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    for (let at = from; ; at++) {
      while (at >= log.length) await new Promise<void>((resolve) => this.#followers.push(resolve));
      const sent = log[at] as Sent;
      if (sent.event === "cut") {
        if (!cuts) continue;
        response.socket?.end(); // what was written arrives, the end of the stream does not
        return;
      }
      response.write(`event: ${sent.event}\nid: ${at}\ndata: ${JSON.stringify(sent.data)}\n\n`);
      if (sent.event === "done" || sent.event === "error") break;
    }
    response.end();
  }

  /** A run under way from the event after Last-Event-ID; one that is over is not there. */
  async #events(request: IncomingMessage, response: ServerResponse, id: string): Promise<void> {
    const log = this.#logs.get(id);
    if (!log) return json(response, 404, { error: { message: "there is no such run" } });
    const last = request.headers["last-event-id"];
    this.resumed.push(String(last ?? ""));
    await this.#follow(response, log, last === undefined ? 0 : Number(last) + 1, false);
  }

  #keep(reply: MessageJson, answer: AnswerJson): void {
    reply.answer = answer;
    reply.text = answer.text;
    reply.state = String(answer.state);
  }

  async #chats(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    id: string | undefined,
    verb: string | undefined,
    item: string | undefined,
  ): Promise<void> {
    const method = request.method;
    if (!id) {
      if (method === "POST") {
        const { title } = await bodyOf(request);
        return json(response, 200, this.addChat(String(title ?? "")));
      }
      const query = url.searchParams.get("query") ?? "";
      const archived = url.searchParams.get("archived") === "true";
      const found = [...this.chats.values()].filter((chat) => {
        const words = `${chat.title} ${chat.messages.map(({ text }) => text).join(" ")}`.toLowerCase();
        return chat.archived === archived && words.includes(query.toLowerCase());
      });
      const data = found.reverse().map(({ messages, ...chat }) => {
        return { ...chat, message_count: messages.length, snippet: query === "" ? "" : `found ${query}` };
      });
      return json(response, 200, { data, next_cursor: null });
    }
    if (verb === "restore") {
      const chat = this.deleted.get(id);
      if (chat) this.chats.set(id, chat);
      return json(response, chat ? 200 : 404, {});
    }
    const chat = this.chats.get(id);
    if (!chat) return json(response, 404, { error: { message: "there is no such chat" } });
    if (verb === "export") {
      response.writeHead(200, { "content-disposition": `attachment; filename="${id}.md"` }).end("# export\n");
    } else if (verb === "messages") {
      const gone = new Set([item]);
      for (const message of chat.messages) if (gone.has(message.parent_id ?? "")) gone.add(message.id);
      chat.messages = chat.messages.filter((message) => !gone.has(message.id));
      response.writeHead(204).end();
    } else if (method === "PATCH") {
      Object.assign(chat, await bodyOf(request));
      json(response, 200, chat);
    } else if (method === "DELETE") {
      this.chats.delete(id);
      this.deleted.set(id, chat);
      response.writeHead(204).end();
    } else json(response, 200, chat);
  }

  #runs(method: string, response: ServerResponse, id: string | undefined, verb: string | undefined): void {
    if (verb === "stop" && id) {
      this.#stopped.add(id);
      for (const go of this.#held.splice(0)) go();
      response.writeHead(204).end();
      return;
    }
    const run = this.runs.find(({ run_id }) => run_id === id);
    if (!id) {
      const data = this.runs.map((each) => ({
        ...each,
        total_ms: (each.timings as { total_ms: number }).total_ms,
        source_count: (each.sources as unknown[]).length,
      }));
      json(response, 200, { data, next_cursor: null });
    } else if (!run) json(response, 404, { error: { message: "there is no such run" } });
    else if (method === "DELETE") response.writeHead(204).end();
    else json(response, 200, run);
  }

  async #models(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    id: string | undefined,
    verb: string | undefined,
  ): Promise<void> {
    if (!id) return json(response, 200, { data: this.models });
    if (verb === "estimate") {
      const context = Number(url.searchParams.get("context"));
      const kv =
        context === 0 ? 1_310_000_000 : context * 100_000 * Number(url.searchParams.get("batch") || 1);
      const total = 9_000_000_000 + kv + 400_000_000;
      return json(response, 200, {
        weights_bytes: 9_000_000_000,
        kv_bytes: kv,
        other_bytes: 400_000_000,
        total_bytes: total,
        available_bytes: 16_000_000_000,
        fits: total <= 16_000_000_000,
      });
    }
    const model = this.models.find((each) => each.id === id);
    if (!model || request.method !== "POST")
      return json(response, 404, { error: { message: "no such model" } });
    if (verb === "load") {
      this.rooms.push(await bodyOf(request));
      model.state = "loading";
      model.progress = {
        phase: "read",
        done: 3_100_000_000,
        total: 9_000_000_000,
        rate: 1_200_000_000,
      };
    }
    if (verb === "unload") model.state = "unloaded";
    if (verb === "default") for (const each of this.models) each.default = each === model;
    response.writeHead(202).end();
  }

  async #keys(request: IncomingMessage, response: ServerResponse, id: string | undefined): Promise<void> {
    if (request.method === "POST") {
      const body = await bodyOf(request);
      const made = {
        id: `k_${this.keys.length + 1}`,
        prefix: "sk-seine-new",
        created_at: "2026-01-03T05:07:00Z",
        expires_at: null,
        last_used_at: null,
        requests_per_minute: null,
        tokens_per_minute: null,
        revoked: false,
        ...body,
      };
      this.keys.push(made);
      json(response, 200, { ...made, key: "sk-seine-newkey-0123456789abcdef" });
    } else if (request.method === "DELETE") {
      for (const key of this.keys) if (key.id === id) key.revoked = true;
      response.writeHead(204).end();
    } else json(response, 200, { data: this.keys, next_cursor: null });
  }

  async #file(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    let bytes = 0;
    for await (const piece of request) bytes += (piece as Buffer).length;
    const name = url.searchParams.get("name") ?? "";
    this.uploads.push({ name, bytes });
    if (name.endsWith(".bin")) {
      return json(response, 400, { error: { message: "this type of file cannot be read" } });
    }
    json(response, 200, {
      id: `f_${this.uploads.length}`,
      name,
      bytes,
      type: "text/plain",
      characters: bytes,
      snapshot: null,
    });
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let body = "";
  for await (const piece of request) body += piece;
  return body === "" ? {} : (JSON.parse(body) as Record<string, unknown>);
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
