// The tree of a conversation, and a run from its first event to its last.
// @vitest-environment happy-dom
import { describe, expect, test } from "vitest";
import { decodeAnswer } from "../../src/api/answer.ts";
import { type AskEvent, askBody, decodeEvent } from "../../src/api/ask.ts";
import { decodeChat, type Message } from "../../src/api/chats.ts";
import { lastSentenceEnd } from "../../src/components/answer/spoken.tsx";
import { titleOf } from "../../src/features/chat/conversation.ts";
import { begin, fail, grow, type Live, stopped } from "../../src/features/chat/live.ts";
import { matching, nextBlank, wordsAfterSlash } from "../../src/features/chat/prompts.ts";
import { type Run, withRuns } from "../../src/features/chat/runs.ts";
import { activePath, hasChildren, newest, step, without } from "../../src/features/chat/tree.ts";
import { answerJson } from "../support/answer_fixture.ts";

const message = (id: string, parentId: string | null, role: Message["role"] = "user"): Message => ({
  id,
  parentId,
  role,
  text: id,
  state: "complete",
  createdAt: "",
  runId: null,
  answer: null,
});

const kTree = [
  message("q1", null),
  message("a1", "q1", "assistant"),
  message("a2", "q1", "assistant"),
  message("q2", "a1"),
  message("a3", "q2", "assistant"),
  message("q1b", null),
];
const ids = (path: { message: Message }[]) => path.map((each) => each.message.id);

describe("kept prompts", () => {
  const prompts = [
    { name: "Compare", text: "Compare {{one}} with {{other}}." },
    { name: "weekly", text: "What is new about {{topic}}?" },
    { name: "new", text: "Begin anew." },
  ];

  test("a slash at the beginning asks for them", () => {
    expect(wordsAfterSlash("/")).toBe("");
    expect(wordsAfterSlash("/we ")).toBe("we");
    expect(wordsAfterSlash("either/or")).toBeNull();
    expect(wordsAfterSlash("/etc/hosts\nis what?")).toBeNull();
  });

  test("names come before texts", () => {
    expect(matching(prompts, "").map(({ name }) => name)).toEqual(["Compare", "weekly", "new"]);
    expect(matching(prompts, "NEW").map(({ name }) => name)).toEqual(["new", "weekly"]);
    expect(matching(prompts, "nothing")).toEqual([]);
  });

  test("blanks are found one after the other", () => {
    const text = prompts[0]?.text ?? "";
    expect(nextBlank(text, 0)).toEqual({ start: 8, end: 15 });
    expect(nextBlank(text, 15)).toEqual({ start: 21, end: 30 });
    expect(nextBlank(text, 30)).toBeNull();
    expect(nextBlank("{{}} {{a\nb}} {x}", 0)).toBeNull();
  });
});

describe("the tree", () => {
  test("the newest branch is shown", () => {
    expect(ids(activePath(kTree, {}))).toEqual(["q1b"]);
    expect(ids(activePath(kTree, { "": "q1" }))).toEqual(["q1", "a2"]);
    expect(ids(activePath(kTree, { "": "q1", q1: "a1" }))).toEqual(["q1", "a1", "q2", "a3"]);
  });

  test("steps go to the branch beside and stop at the ends", () => {
    let path = activePath(kTree, {});
    const first = path[0];
    if (!first) throw new Error("no path");
    expect(first.siblings).toEqual(["q1", "q1b"]);
    const back = step({}, kTree, first, -1);
    path = activePath(kTree, back);
    expect(ids(path)).toEqual(["q1", "a2"]);
    const answer = path[1];
    if (!answer) throw new Error("no answer");
    expect(ids(activePath(kTree, step(back, kTree, answer, -1)))).toEqual(["q1", "a1", "q2", "a3"]);
    expect(step(back, kTree, answer, 1)).toEqual({ "": "q1", q1: "a2" });
    expect(ids(activePath(kTree, newest(back, null)))).toEqual(["q1b"]);
  });

  test("a choice that is gone, a parent that is missing, a circle", () => {
    expect(ids(activePath(kTree, { "": "gone" }))).toEqual(["q1b"]);
    expect(ids(activePath([message("q", "nobody")], {}))).toEqual(["q"]);
    const circle = [message("a", "b"), message("b", "a")];
    expect(ids(activePath(circle, {}))).toEqual([]);
    expect(activePath([], {})).toEqual([]);
  });

  test("without a message, all that follows from it is gone", () => {
    expect(without(kTree, "a1").map(({ id }) => id)).toEqual(["q1", "a2", "q1b"]);
    expect(hasChildren(kTree, "a1")).toBe(true);
    expect(hasChildren(kTree, "a2")).toBe(false);
  });
});

describe("a run", () => {
  const start: AskEvent = {
    type: "start",
    requestId: "srv-1",
    started: { runId: "r", chatId: "c", questionId: "q", answerId: "a", model: "m", createdAt: "" },
  };
  const all = (events: AskEvent[], at = 0) =>
    events.reduce<Live>((live, event, index) => grow(live, event, at + 1_000 * index), begin("Q?", "c"));

  test("text grows, steps and sources are replaced by their id, thinking is timed", () => {
    const event = (name: string, data: object) => {
      const decoded = decodeEvent(name, data, "srv-1");
      if (!decoded) throw new Error(name);
      return decoded;
    };
    const live = all([
      start,
      event("step", { id: 1, kind: "search", state: "started", title: "t" }),
      event("step", { id: 1, kind: "search", state: "done", title: "t", elapsed_ms: 3 }),
      event("source", { id: 1, url: "https://x.example", title: "", state: "read", from: "network" }),
      event("source", { id: 1, url: "https://x.example", title: "X", state: "cited", from: "cache" }),
      event("reasoning", { text: "hm " }),
      event("reasoning", { text: "so" }),
      event("text", { text: "Yes" }),
      event("text", { text: "[1]" }),
      event("citation", { start: 3, end: 6, source_id: 1, marker: 1 }),
    ]);
    expect(live.started).toBe(true);
    expect(live.answer).toMatchObject({ runId: "r", text: "Yes[1]", reasoning: "hm so", state: "running" });
    expect(live.answer.steps).toMatchObject([{ id: 1, state: "done", elapsedMs: 3 }]);
    expect(live.answer.sources).toMatchObject([{ id: 1, state: "cited", title: "X", from: "cache" }]);
    expect(live.answer.citations).toMatchObject([
      { start: 3, end: 6, sentenceStart: 3, sentenceEnd: 3, support: null },
    ]);
    expect(live.thinking).toEqual({ since: 5_000, until: 7_000 });
  });

  test("done replaces what was streamed, and keeps the thoughts if it has none", () => {
    const done = decodeAnswer(answerJson("en", { reasoning: null }));
    const live = all([
      start,
      { type: "reasoning", text: "hm" },
      { type: "text", text: "half" },
      { type: "done", answer: done },
    ]);
    expect(live.ended).toBe(true);
    expect(live.answer.text).toBe(done.text);
    expect(live.answer.reasoning).toBe("hm");
    expect(live.answer.citations).toHaveLength(4);
  });

  test("an error, a stop and a break keep what there is, and nothing goes on", () => {
    const half = all([
      start,
      {
        type: "step",
        step: { id: 1, kind: "read", state: "started", title: "", detail: {}, reason: null, elapsedMs: null },
      },
      { type: "text", text: "half" },
    ]);
    const failed = grow(
      half,
      { type: "error", error: { message: "full", code: "8" }, requestId: "srv-2" },
      0,
    );
    for (const end of [failed, stopped(half, 0), fail(half, "", "broken", 0)]) {
      expect(end.ended).toBe(true);
      expect(end.answer.text).toBe("half");
      expect(end.answer.steps).toMatchObject([{ state: "failed" }]);
    }
    expect(failed.answer.error).toEqual({ message: "full", code: "8" });
    expect(failed.requestId).toBe("srv-2");
    expect(stopped(half, 0).answer.state).toBe("stopped");
  });

  test("its messages join those of the server and are not doubled", () => {
    const live = all([start, { type: "text", text: "Yes" }]);
    const run: Run = {
      key: "run-1",
      chatId: "c",
      parentId: null,
      regenerates: null,
      live,
      error: undefined,
      stopping: false,
      abort: new AbortController(),
    };
    expect(withRuns([], [run]).map(({ id, text }) => [id, text])).toEqual([
      ["q", "Q?"],
      ["a", "Yes"],
    ]);
    const kept = [message("q", null), message("a", "q", "assistant")];
    expect(withRuns(kept, [run]).map(({ id }) => id)).toEqual(["q", "a"]);
    expect(withRuns(kept, [run])[1]?.text).toBe("Yes");
    const unborn = { ...run, live: begin("Q?", "c") };
    expect(withRuns([], [unborn]).map(({ id }) => id)).toEqual(["run-1-question", "run-1-answer"]);
    expect(withRuns(kept, [{ ...unborn, regenerates: "q" }]).map(({ id }) => id)).toEqual([
      "q",
      "a",
      "run-1-answer",
    ]);
  });

  test("unknown events and unknown fields are nothing; broken ones are told", () => {
    expect(decodeEvent("weather", { sun: true }, "")).toBeUndefined();
    expect(() => decodeEvent("text", { text: 7 }, "")).toThrow("text.text: expected a string");
    expect(() => decodeEvent("done", { state: "perfect" }, "")).toThrow("done.state");
  });
});

test("a question goes out as the contract has it", () => {
  const request = {
    chatId: "c_1",
    parentId: "m_1",
    model: null,
    search: "auto" as const,
    think: "off" as const,
    sites: [],
    files: ["f_1"],
    language: "zh" as const,
  };
  expect(askBody({ ...request, question: "Q" })).toEqual({
    question: "Q",
    chat_id: "c_1",
    parent_id: "m_1",
    model: null,
    search: "auto",
    think: "off",
    files: ["f_1"],
    language: "zh",
    stream: true,
  });
  expect(askBody({ ...request, regenerateId: "m_0" })).not.toHaveProperty("question");
});

test("a chat of the server", () => {
  const chat = decodeChat({
    id: "c",
    folder: null,
    messages: [{ id: "m", role: "assistant", parent_id: null, answer: null }],
  });
  expect(chat).toMatchObject({ folder: "", messages: [{ text: "", state: "complete" }] });
});

test.each([
  ["  Hello\nworld", "Hello"],
  ["x".repeat(100), `${"x".repeat(79)}\u2026`],
  ["🌊".repeat(90), `${"🌊".repeat(79)}\u2026`],
])("a title from %j", (question, title) => {
  expect(titleOf(question)).toBe(title);
});

test.each([
  ["One. Two", 4],
  ["一。二", 2],
  ["none", 0],
  ["3.14 is", 2],
])("whole sentences of %j", (text, end) => {
  expect(lastSentenceEnd(text)).toBe(end);
});
