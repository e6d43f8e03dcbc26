// Runs: every question that was asked, whoever asked it, with everything that was done to answer it.
import { type Answer, decodeAnswer } from "./answer.ts";
import { call } from "./client.ts";
import * as decode from "./decode.ts";

export interface RunSummary {
  id: string;
  question: string;
  state: string;
  by: string;
  model: string;
  createdAt: string;
  totalMs: number | null;
  sourceCount: number;
}

const kPage = 50;
// A replay makes the answer again, which may take as long as the first time.
const kReplayMs = 300_000;
const at = (id: string) => `/api/runs/${encodeURIComponent(id)}`;

export function fetchRuns(cursor: string | null, signal?: AbortSignal): Promise<decode.Page<RunSummary>> {
  const query = new URLSearchParams({ limit: String(kPage) });
  if (cursor) query.set("cursor", cursor);
  return call(`/api/runs?${query}`, { signal, decode: (body) => decode.page(body, "runs", decodeRun) });
}

export function fetchRun(id: string, signal?: AbortSignal): Promise<Answer> {
  return call(at(id), { signal, decode: (body) => decodeAnswer(body, "run") });
}

export function replayRun(id: string, signal?: AbortSignal): Promise<Answer> {
  return call(`${at(id)}/replay`, {
    method: "POST",
    body: {},
    signal,
    timeoutMs: kReplayMs,
    decode: (body) => decodeAnswer(body, "run"),
  });
}

function decodeRun(value: unknown, path: string): RunSummary {
  const json = decode.object(value, path);
  const text = (name: string) => decode.optional(json[name], `${path}.${name}`, decode.string, "");
  return {
    id: decode.string(json.run_id, `${path}.run_id`),
    question: text("question"),
    state: text("state"),
    by: text("by"),
    model: text("model"),
    createdAt: text("created_at"),
    totalMs: decode.optional(json.total_ms, `${path}.total_ms`, decode.number, null),
    sourceCount: decode.optional(json.source_count, `${path}.source_count`, decode.number, 0),
  };
}
