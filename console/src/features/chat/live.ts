// What is known of a run while it is under way: the answer so far, grown event by event. Pure.
import type { Answer, Source, Step } from "../../api/answer.ts";
import type { AskEvent } from "../../api/ask.ts";

export interface Live {
  /** Until the server has named the run: nothing but waiting. */
  started: boolean;
  /** True after the last event, whatever it was. */
  ended: boolean;
  answer: Answer;
  thinking: { since: number; until: number | null } | null;
  requestId: string;
}

export function begin(question: string, chatId: string | null): Live {
  return {
    started: false,
    ended: false,
    requestId: "",
    thinking: null,
    answer: {
      runId: "",
      chatId,
      questionId: null,
      answerId: null,
      question,
      text: "",
      by: "model",
      model: "",
      state: "running",
      reasoning: "",
      citations: [],
      sources: [],
      steps: [],
      usage: null,
      timings: { firstTokenMs: null, totalMs: null },
      createdAt: "",
      error: null,
    },
  };
}

/** nowMs: when the event came, for the time that thinking takes. */
export function grow(live: Live, event: AskEvent, nowMs: number): Live {
  const { answer } = live;
  const set = (change: Partial<Answer>): Live => ({ ...live, answer: { ...answer, ...change } });
  switch (event.type) {
    case "start": {
      const { runId, chatId, questionId, answerId, model, createdAt } = event.started;
      return {
        ...set({ runId, chatId: chatId ?? answer.chatId, questionId, answerId, model, createdAt }),
        started: true,
        requestId: event.requestId,
      };
    }
    case "step":
      return set({ steps: upsert<Step>(answer.steps, event.step) });
    case "source":
      return set({ sources: upsert<Source>(answer.sources, event.source) });
    case "reasoning":
      return {
        ...set({ reasoning: answer.reasoning + event.text }),
        thinking: { since: live.thinking?.since ?? nowMs, until: null },
      };
    case "text":
      return { ...set({ text: answer.text + event.text }), thinking: endThinking(live, nowMs) };
    case "citation":
      return set({ citations: [...answer.citations, event.citation] });
    case "done": {
      const { reasoning } = event.answer;
      return {
        ...live,
        ended: true,
        thinking: endThinking(live, nowMs),
        // A server that keeps no reasoning sends none: what was read stays.
        answer: { ...event.answer, reasoning: reasoning === "" ? answer.reasoning : reasoning },
      };
    }
    case "error":
      return {
        ...fail(live, event.error.message, event.error.code, nowMs),
        requestId: event.requestId || live.requestId,
      };
  }
}

/** A run that ends without its last event keeps what there is. */
export function fail(live: Live, message: string, code: string, nowMs: number): Live {
  return {
    ...live,
    ended: true,
    thinking: endThinking(live, nowMs),
    answer: { ...settle(live.answer), state: "failed", error: { message, code } },
  };
}

export function stopped(live: Live, nowMs: number): Live {
  return {
    ...live,
    ended: true,
    thinking: endThinking(live, nowMs),
    answer: { ...settle(live.answer), state: "stopped" },
  };
}

/** Nothing goes on any more: a step that had begun did not end. */
function settle(answer: Answer): Answer {
  return {
    ...answer,
    steps: answer.steps.map((step) => (step.state === "started" ? { ...step, state: "failed" } : step)),
  };
}

function endThinking({ thinking }: Live, nowMs: number): Live["thinking"] {
  return thinking && thinking.until === null ? { ...thinking, until: nowMs } : thinking;
}

function upsert<T extends { id: number }>(list: readonly T[], item: T): T[] {
  const at = list.findIndex(({ id }) => id === item.id);
  return at < 0 ? [...list, item] : list.with(at, item);
}
