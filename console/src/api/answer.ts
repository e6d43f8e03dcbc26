// An answer and its parts, as /api/ask streams them and runs and chats keep them. Offsets in the answer's text count
// Unicode code points; spans count bytes of a snapshot's Markdown.
import * as decode from "./decode.ts";

export const supports = ["supported", "partial", "unsupported"] as const;
export type Support = (typeof supports)[number];

export interface Citation {
  marker: number;
  start: number;
  end: number;
  /** Where the sentence that the marker vouches for stands; equal when not known (yet). */
  sentenceStart: number;
  sentenceEnd: number;
  sourceId: number;
  quote: string;
  span: Span | null;
  /** Where in a document the quote stands: "page=3", "slide=3", "sheet=Sales". */
  anchor: string | null;
  /** Null until the sentence was checked. */
  support: Support | null;
}

export interface Span {
  start: number;
  end: number;
}

export const sourceStates = ["cited", "read", "failed"] as const;
export const sourceOrigins = ["network", "cache", "index", "file"] as const;

export interface Source {
  id: number;
  url: string;
  title: string;
  site: string;
  state: (typeof sourceStates)[number] | "found";
  reason: string | null;
  published: string | null;
  fetchedAt: string | null;
  ageS: number | null;
  from: (typeof sourceOrigins)[number];
  snapshot: string | null;
}

export const stepKinds = ["plan", "search", "read", "rank", "generate", "verify"] as const;

export interface Step {
  id: number;
  kind: (typeof stepKinds)[number] | "other";
  state: "started" | "done" | "failed";
  title: string;
  detail: decode.Json;
  reason: string | null;
  elapsedMs: number | null;
}

export type Speaker = "model" | "extract" | "none";
export type AnswerState = "running" | "complete" | "stopped" | "failed" | "not_found";

export interface AnswerError {
  message: string;
  code: string;
}

export interface Answer {
  runId: string;
  chatId: string | null;
  questionId: string | null;
  answerId: string | null;
  question: string;
  text: string;
  by: Speaker;
  model: string;
  state: AnswerState;
  reasoning: string;
  citations: Citation[];
  sources: Source[];
  steps: Step[];
  usage: { promptTokens: number; completionTokens: number } | null;
  timings: { firstTokenMs: number | null; totalMs: number | null };
  createdAt: string;
  error: AnswerError | null;
}

export function decodeAnswer(value: unknown, path = "answer"): Answer {
  const json = decode.object(value, path);
  const text = (name: string) => decode.optional(json[name], `${path}.${name}`, decode.string, null);
  return {
    runId: text("run_id") ?? "",
    chatId: text("chat_id"),
    questionId: text("question_id"),
    answerId: text("answer_id"),
    question: text("question") ?? "",
    text: text("text") ?? "",
    by: decode.oneOf(json.by ?? "model", `${path}.by`, ["model", "extract", "none"]),
    model: text("model") ?? "",
    state: decode.oneOf(json.state, `${path}.state`, [
      "running",
      "complete",
      "stopped",
      "failed",
      "not_found",
    ]),
    reasoning: text("reasoning") ?? "",
    citations: decode.array(json.citations ?? [], `${path}.citations`, decodeCitation),
    sources: decode.array(json.sources ?? [], `${path}.sources`, decodeSource),
    steps: decode.array(json.steps ?? [], `${path}.steps`, decodeStep),
    usage: decode.optional(json.usage, `${path}.usage`, decodeUsage, null),
    timings: decodeTimings(json.timings ?? {}, `${path}.timings`),
    createdAt: text("created_at") ?? "",
    error: decode.optional(json.error, `${path}.error`, decodeAnswerError, null),
  };
}

export function decodeCitation(value: unknown, path: string): Citation {
  const json = decode.object(value, path);
  const at = (name: string, otherwise: number) =>
    decode.optional(json[name], `${path}.${name}`, decode.number, otherwise);
  const start = decode.number(json.start, `${path}.start`);
  const span = decode.optional(json.span, `${path}.span`, decodeSpan, null);
  return {
    marker: at("marker", 0),
    start,
    end: decode.number(json.end, `${path}.end`),
    sentenceStart: at("sentence_start", start),
    sentenceEnd: at("sentence_end", start),
    sourceId: decode.number(json.source_id, `${path}.source_id`),
    quote: decode.optional(json.quote, `${path}.quote`, decode.string, ""),
    span: span && span.end > span.start ? span : null,
    anchor: decode.optional(json.anchor, `${path}.anchor`, decode.string, null) || null,
    support: decode.optional(
      json.support,
      `${path}.support`,
      (each, at) => decode.oneOf(each, at, supports),
      null,
    ),
  };
}

function decodeSpan(value: unknown, path: string): Span {
  const json = decode.object(value, path);
  return {
    start: decode.number(json.start, `${path}.start`),
    end: decode.number(json.end, `${path}.end`),
  };
}

export function decodeSource(value: unknown, path: string): Source {
  const json = decode.object(value, path);
  const text = (name: string) => decode.optional(json[name], `${path}.${name}`, decode.string, null);
  const url = text("url") ?? "";
  // A source that was found and not opened yet has a state of its own; new words for it do no harm.
  const state = sourceStates.find((known) => known === json.state) ?? "found";
  return {
    id: decode.number(json.id, `${path}.id`),
    url,
    title: text("title") || url,
    site: text("site") ?? "",
    state,
    reason: text("reason"),
    published: text("published"),
    fetchedAt: text("fetched_at"),
    ageS: decode.optional(json.age_s, `${path}.age_s`, decode.number, null),
    from: sourceOrigins.find((known) => known === json.from) ?? "network",
    snapshot: text("snapshot") || null,
  };
}

export function decodeStep(value: unknown, path: string): Step {
  const json = decode.object(value, path);
  return {
    id: decode.number(json.id, `${path}.id`),
    kind: stepKinds.find((known) => known === json.kind) ?? "other",
    state: decode.oneOf(json.state, `${path}.state`, ["started", "done", "failed"]),
    title: decode.optional(json.title, `${path}.title`, decode.string, ""),
    detail: decode.optional(json.detail, `${path}.detail`, decode.object, {}),
    reason: decode.optional(json.reason, `${path}.reason`, decode.string, null),
    elapsedMs: decode.optional(json.elapsed_ms, `${path}.elapsed_ms`, decode.number, null),
  };
}

function decodeUsage(value: unknown, path: string) {
  const json = decode.object(value, path);
  return {
    promptTokens: decode.number(json.prompt_tokens, `${path}.prompt_tokens`),
    completionTokens: decode.number(json.completion_tokens, `${path}.completion_tokens`),
  };
}

function decodeTimings(value: unknown, path: string): Answer["timings"] {
  const json = decode.object(value, path);
  return {
    firstTokenMs: decode.optional(json.first_token_ms, `${path}.first_token_ms`, decode.number, null),
    totalMs: decode.optional(json.total_ms, `${path}.total_ms`, decode.number, null),
  };
}

export function decodeAnswerError(value: unknown, path: string): AnswerError {
  const json = decode.object(value, path);
  return {
    message: decode.optional(json.message, `${path}.message`, decode.string, ""),
    code: decode.optional(json.code, `${path}.code`, (code) => String(code), ""),
  };
}
