// The runs that this page has begun, or has found under way when it was loaded. They go on while another page is shown,
// and are forgotten when the conversation that the server keeps holds their answer.
import { create } from "zustand";
import { type AskRequest, ask, resume, type SentEvent, stopRun } from "../../api/ask.ts";
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
// A stream that breaks off is taken up again where it ended, so often and after such waits.
const kResumeMs = [300, 1_000, 3_000];
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
  void follow(run, (signal) => ask(request, signal));
}

// Runs that could not be taken up: the page asks for their conversation until they have ended.
const lost = new Set<string>();

/** Follows a run of the conversation that another page, or this one before it was loaded anew, has begun. */
export function attachRun(chatId: string, message: Message, question: string): void {
  const { runId } = message;
  if (runId === null || lost.has(runId)) return;
  if (useRuns.getState().runs.some(({ live }) => live.answer.runId === runId)) return;
  const live = begin(question, chatId);
  const run: Run = {
    key: `run-${++runCount}`,
    chatId,
    parentId: null,
    // Its question is there already.
    regenerates: message.parentId,
    live: {
      ...live,
      answer: { ...live.answer, runId, questionId: message.parentId, answerId: message.id },
    },
    error: undefined,
    stopping: false,
    abort: new AbortController(),
  };
  useRuns.setState(({ runs }) => ({ runs: [...runs, run] }));
  void follow(run, (signal) => resume(runId, "", signal));
}

type Source = (signal: AbortSignal) => AsyncGenerator<SentEvent>;

async function follow(run: Run, open: Source): Promise<void> {
  const { key } = run;
  const known = messageIds(run.chatId);
  let live = run.live;
  let lastId = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    change(key, (current) => ({ ...current, live }));
  };
  const read = async (source: Source) => {
    for await (const event of source(run.abort.signal)) {
      lastId = event.lastId;
      live = grow(live, event, Date.now());
      if (event.type === "start") {
        name(key, live);
        // Stopped before it had a name: now it can be stopped at the server.
        if (find(key)?.stopping) await stopRun(live.answer.runId);
      }
      timer ??= setTimeout(flush, kFlushMs);
    }
  };
  let first: unknown;
  try {
    for (let source = open, tries = 0; ; tries++) {
      try {
        await read(source);
        break;
      } catch (error) {
        first ??= error;
        const wait = kResumeMs[tries];
        // What cannot be taken up has failed for the reason for which it broke off.
        if (run.abort.signal.aborted || wait === undefined || !isResumable(error, live, lastId)) throw first;
        await new Promise((resolve) => setTimeout(resolve, wait));
        const from = lastId;
        source = (signal) => resume(live.answer.runId, from, signal);
      }
    }
    flush();
  } catch (error) {
    clearTimeout(timer);
    if (!live.started && live.answer.runId !== "") {
      // Found under way, and then not to be had: the server's own record is read instead.
      lost.add(live.answer.runId);
      forgetRun(key);
      return;
    }
    if (isConnection(error) && !live.started && !run.abort.signal.aborted && (await arrived(run, known))) {
      // The question had arrived; its answer is followed from the server's record.
      forgetRun(key);
      return;
    }
    if (run.abort.signal.aborted) live = stopped(live, Date.now());
    else live = fail(live, "", error instanceof ApiError ? error.failure : "", Date.now());
    const shown = run.abort.signal.aborted ? undefined : error;
    change(key, (current) => ({ ...current, live, error: shown }));
  }
  await settle(key);
}

/** Only a connection can be mended; and only of a server that names its events. */
function isResumable(error: unknown, live: Live, lastId: string): boolean {
  return isConnection(error) && live.started && lastId !== "";
}

function isConnection(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.failure === "broken" || error.failure === "timeout" || error.failure === "unreachable";
}

function messageIds(chatId: string): ReadonlySet<string> {
  const chat = queryClient.getQueryData<Chat>(chatQuery(chatId).queryKey);
  return new Set(chat?.messages.map(({ id }) => id));
}

/** Whether the server has a question whose stream broke off before its first event, and an answer to it. */
async function arrived(run: Run, known: ReadonlySet<string>): Promise<boolean> {
  for (const wait of kResumeMs) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    try {
      const { messages } = await queryClient.fetchQuery({ ...chatQuery(run.chatId), staleTime: 0 });
      const fresh = messages.filter(({ id }) => !known.has(id));
      const { question } = run.live.answer;
      const asked =
        run.regenerates ??
        fresh.findLast(({ role, parentId, text }) => {
          return role === "user" && parentId === run.parentId && text === question;
        })?.id;
      return fresh.some(({ role, parentId }) => role === "assistant" && parentId === asked);
    } catch {
      // The server is still away.
    }
  }
  return false;
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
