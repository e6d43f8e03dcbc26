// POST /api/ask: one question, and the stream of what becomes of it.
import {
  type Answer,
  type AnswerError,
  type Citation,
  decodeAnswer,
  decodeAnswerError,
  decodeCitation,
  decodeSource,
  decodeStep,
  type Source,
  type Step,
} from "./answer.ts";
import { call, stream } from "./client.ts";
import * as decode from "./decode.ts";
import { ApiError, ContractError } from "./errors.ts";

export const searchModes = ["auto", "on", "off"] as const;
export type SearchMode = (typeof searchModes)[number];
export const thinkModes = ["off", "low", "high", "max"] as const;
export type ThinkMode = (typeof thinkModes)[number];

export interface AskRequest {
  question?: string;
  chatId: string | null;
  parentId: string | null;
  regenerateId?: string;
  model: string | null;
  search: SearchMode;
  think: ThinkMode;
  sites: string[];
  files: string[];
  language: "en" | "zh";
}

export interface Started {
  runId: string;
  chatId: string | null;
  questionId: string | null;
  answerId: string | null;
  model: string;
  createdAt: string;
}

export type AskEvent =
  | { type: "start"; started: Started; requestId: string }
  | { type: "step"; step: Step }
  | { type: "source"; source: Source }
  | { type: "reasoning"; text: string }
  | { type: "text"; text: string }
  | { type: "citation"; citation: Citation }
  | { type: "done"; answer: Answer }
  | { type: "error"; error: AnswerError; requestId: string };

/** An event, and the name under which the stream can be taken up again after it. */
export type SentEvent = AskEvent & { lastId: string };

/** Ends after `done` or `error`; a stream that ends without either throws an ApiError ("broken"). */
export function ask(request: AskRequest, signal: AbortSignal): AsyncGenerator<SentEvent> {
  return decoded(stream("/api/ask", askBody(request), signal));
}

/** The events of a run that was begun elsewhere or broke off: those after `lastId`, all where it is "". */
export function resume(runId: string, lastId: string, signal: AbortSignal): AsyncGenerator<SentEvent> {
  return decoded(stream(`/api/runs/${encodeURIComponent(runId)}/events`, undefined, signal, lastId));
}

async function* decoded(events: ReturnType<typeof stream>): AsyncGenerator<SentEvent> {
  let requestId = "";
  for await (const { event, data, id: lastId, requestId: id } of events) {
    requestId = id;
    let known: AskEvent | undefined;
    try {
      known = decodeEvent(event, JSON.parse(data), id);
    } catch (cause) {
      if (cause instanceof ContractError || cause instanceof SyntaxError) {
        throw new ApiError("malformed", id, cause.message);
      }
      throw cause;
    }
    if (!known) continue;
    yield { ...known, lastId };
    if (known.type === "done" || known.type === "error") return;
  }
  throw new ApiError("broken", requestId, "");
}

export function askBody(request: AskRequest) {
  return {
    ...(request.regenerateId === undefined
      ? { question: request.question ?? "" }
      : { regenerate_id: request.regenerateId }),
    chat_id: request.chatId,
    parent_id: request.parentId,
    model: request.model,
    search: request.search,
    think: request.think,
    ...(request.sites.length > 0 ? { sites: request.sites } : {}),
    ...(request.files.length > 0 ? { files: request.files } : {}),
    language: request.language,
    stream: true,
  };
}

/** An event that this console does not know is nothing, so a newer server may send more. */
export function decodeEvent(event: string, data: unknown, requestId: string): AskEvent | undefined {
  const json = () => decode.object(data, event);
  switch (event) {
    case "start":
      return { type: "start", started: decodeStarted(data), requestId };
    case "step":
      return { type: "step", step: decodeStep(data, "step") };
    case "source":
      return { type: "source", source: decodeSource(data, "source") };
    case "reasoning":
      return { type: "reasoning", text: decode.string(json().text, "reasoning.text") };
    case "text":
      return { type: "text", text: decode.string(json().text, "text.text") };
    case "citation":
      return { type: "citation", citation: decodeCitation(data, "citation") };
    case "done":
      return { type: "done", answer: decodeAnswer(data, "done") };
    case "error":
      return { type: "error", error: decodeAnswerError(json().error, "error.error"), requestId };
    default:
      return undefined;
  }
}

function decodeStarted(data: unknown): Started {
  const json = decode.object(data, "start");
  const text = (name: string) => decode.optional(json[name], `start.${name}`, decode.string, null);
  return {
    runId: decode.string(json.run_id, "start.run_id"),
    chatId: text("chat_id"),
    questionId: text("question_id"),
    answerId: text("answer_id"),
    model: text("model") ?? "",
    createdAt: text("created_at") ?? "",
  };
}

/** Ends a run and keeps what there is of its answer. A run that has ended already is no error. */
export async function stopRun(runId: string): Promise<void> {
  try {
    await call(`/api/runs/${encodeURIComponent(runId)}/stop`, { method: "POST", decode: () => undefined });
  } catch (error) {
    if (!(error instanceof ApiError && error.failure === "missing")) throw error;
  }
}
