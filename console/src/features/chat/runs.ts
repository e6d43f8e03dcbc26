// The runs that this page has begun. They go on while another page is shown, and are forgotten when the conversation
// that the server keeps holds their answer.
import { create } from "zustand";
import { type AskRequest, ask, stopRun } from "../../api/ask.ts";
import type { Chat, Message } from "../../api/chats.ts";
import { ApiError } from "../../api/errors.ts";
import { chatQuery, chatsChanged, queryClient } from "../../api/queries.ts";
import { begin, fail, grow, type Live, stopped } from "./live.ts";

export interface Run {
  /** Ours, until the server has named the messages. */
  key: string;
  chatId: string;
  parentId: string | null;
  /** The question that is answered anew; its message is there already. */
  regenerates: string | null;
  live: Live;
  /** The call itself failed: it never began, or broke off. */
  error: unknown;
  stopping: boolean;
  abort: AbortController;
}

interface RunsState {
  runs: readonly Run[];
  /** Under which name a message was first shown, so that it stays the same element. */
  names: Readonly<Record<string, string>>;
}

export const useRuns = create<RunsState>(() => ({ runs: [], names: {} }));

// Text comes in small pieces, faster than it can be read: the page changes at most 25 times a second.
const kFlushMs = 40;
const kStopMs = 3_000;
let runCount = 0;

const find = (key: string) => useRuns.getState().runs.find((run) => run.key === key);

function change(key: string, update: (run: Run) => Run): void {
  useRuns.setState(({ runs }) => ({ runs: runs.map((run) => (run.key === key ? update(run) : run)) }));
}

export function startRun(chatId: string, request: AskRequest): void {
  const key = `run-${++runCount}`;
  const run: Run = {
    key,
    chatId,
    parentId: request.parentId,
    regenerates: request.regenerateId ?? null,
    live: begin(request.question ?? "", chatId),
    error: undefined,
    stopping: false,
    abort: new AbortController(),
  };
  useRuns.setState(({ runs }) => ({ runs: [...runs, run] }));
  void follow(run, request);
}

async function follow(run: Run, request: AskRequest): Promise<void> {
  const { key } = run;
  let live = run.live;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    change(key, (current) => ({ ...current, live }));
  };
  try {
    for await (const event of ask(request, run.abort.signal)) {
      live = grow(live, event, Date.now());
      if (event.type === "start") {
        name(key, live);
        // Stopped before it had a name: now it can be stopped at the server.
        if (find(key)?.stopping) await stopRun(live.answer.runId);
      }
      timer ??= setTimeout(flush, kFlushMs);
    }
    flush();
  } catch (error) {
    clearTimeout(timer);
    if (run.abort.signal.aborted) live = stopped(live, Date.now());
    else live = fail(live, "", error instanceof ApiError ? error.failure : "", Date.now());
    const shown = run.abort.signal.aborted ? undefined : error;
    change(key, (current) => ({ ...current, live, error: shown }));
  }
  await settle(key);
}

/** Gives the messages of a run their own names once the server has told them. */
function name(key: string, { answer }: Live): void {
  useRuns.setState(({ names }) => ({
    names: {
      ...names,
      ...(answer.questionId ? { [answer.questionId]: `${key}-question` } : {}),
      ...(answer.answerId ? { [answer.answerId]: `${key}-answer` } : {}),
    },
  }));
}

/** When a run has ended, the server's own record takes its place. */
async function settle(key: string): Promise<void> {
  chatsChanged();
  const run = find(key);
  if (!run?.live.started) return; // it never began: the question and the error stay in place
  const query = chatQuery(run.chatId);
  try {
    await queryClient.fetchQuery({ ...query, staleTime: 0 });
  } catch {
    return; // the server is away: what was read stays
  }
  const { answerId } = run.live.answer;
  const kept = queryClient.getQueryData<Chat>(query.queryKey)?.messages.find(({ id }) => id === answerId);
  // An answer that broke off on this side may go on at the server: the page then asks for it until it ends.
  if (kept) forgetRun(key);
}

export function forgetRun(key: string): void {
  useRuns.setState(({ runs }) => ({ runs: runs.filter((run) => run.key !== key) }));
}

/** Stops the work at the server and keeps what there is. */
export async function stop(key: string): Promise<void> {
  const run = find(key);
  if (!run || run.live.ended || run.stopping) return;
  change(key, (current) => ({ ...current, stopping: true }));
  const { runId } = run.live.answer;
  try {
    if (runId) await stopRun(runId);
    // The stream now ends with the partial answer; a server that does not say so is not waited for.
    setTimeout(() => run.abort.abort(), kStopMs);
  } catch {
    run.abort.abort(); // the server is away: at least this side stops
  }
}

/** The messages of a conversation with those of its runs: what the server knows, then what is under way. */
export function withRuns(messages: readonly Message[], runs: readonly Run[]): Message[] {
  const all = [...messages];
  for (const run of runs) {
    const { answer } = run.live;
    const questionId = run.regenerates ?? answer.questionId ?? `${run.key}-question`;
    const answerId = answer.answerId ?? `${run.key}-answer`;
    if (run.regenerates === null && !all.some(({ id }) => id === questionId)) {
      all.push({
        id: questionId,
        parentId: run.parentId,
        role: "user",
        text: answer.question,
        state: "complete",
        createdAt: answer.createdAt,
        runId: null,
        answer: null,
      });
    }
    const message: Message = {
      id: answerId,
      parentId: questionId,
      role: "assistant",
      text: answer.text,
      state: answer.state,
      createdAt: answer.createdAt,
      runId: answer.runId || null,
      answer,
    };
    const known = all.findIndex(({ id }) => id === answerId);
    if (known < 0) all.push(message);
    else all[known] = message;
  }
  return all;
}
