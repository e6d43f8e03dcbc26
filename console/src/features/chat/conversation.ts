// One conversation as the page works with it: the server's messages and the runs under way as one tree, and what the
// reader does with it.
import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import type { AskRequest } from "../../api/ask.ts";
import { type Chat, createChat, type Message } from "../../api/chats.ts";
import { chatQuery, chatsChanged, queryClient } from "../../api/queries.ts";
import { useText } from "../../i18n/index.ts";
import { chatPath, navigate } from "../../lib/router.ts";
import { attachedIds, detachAll } from "./attachments.ts";
import { useOptions } from "./options.ts";
import { useRemovals } from "./removal.ts";
import { attachRun, forgetRun, startRun, stop, useRuns, withRuns } from "./runs.ts";
import { activePath, type Choices, newest, type Shown, step, without } from "./tree.ts";

const kTitleCharsMax = 80;
// An answer that another page began is read again until it has ended.
const kPollMs = 2_000;

export function useConversation(chatId: string | null) {
  const { locale } = useText();
  const runs = useRuns((state) => state.runs);
  const hidden = useRemovals((state) => state.hidden);
  const [choices, setChoices] = useState<Choices>({});
  const [sendError, setSendError] = useState<unknown>();
  const [sending, setSending] = useState(false);

  const mine = useMemo(() => runs.filter((run) => run.chatId === chatId), [runs, chatId]);
  const query = useQuery({
    ...chatQuery(chatId ?? ""),
    enabled: chatId !== null,
    refetchInterval: ({ state }) =>
      mine.length === 0 && state.data?.messages.some((message) => message.state === "running")
        ? kPollMs
        : false,
  });
  const kept = query.data?.messages;
  useEffect(() => {
    // The page was loaded anew, or another one asked: its answers go on here.
    for (const message of kept ?? []) {
      if (chatId === null || message.role !== "assistant" || message.state !== "running") continue;
      attachRun(chatId, message, kept?.find(({ id }) => id === message.parentId)?.text ?? "");
    }
  }, [chatId, kept]);
  const messages = useMemo(() => {
    const all = withRuns(query.data?.messages ?? [], mine);
    return hidden.reduce<Message[]>((left, id) => without(left, id), all);
  }, [query.data, mine, hidden]);
  const path = useMemo(() => activePath(messages, choices), [messages, choices]);
  const run = mine.findLast(({ live }) => !live.ended);

  const request = useCallback(
    (change: Partial<AskRequest>): AskRequest => {
      const { search, think, model, sites } = useOptions.getState();
      return {
        chatId,
        parentId: null,
        model: model === "" ? null : model,
        search,
        think,
        sites: [...sites],
        files: [],
        language: locale,
        ...change,
      };
    },
    [chatId, locale],
  );

  /** True when the question is on its way; a failure stays in place and the draft with it. */
  const send = useCallback(
    async (question: string, change: Partial<AskRequest> = {}): Promise<boolean> => {
      setSendError(undefined);
      const files = attachedIds();
      let id = chatId;
      if (id === null) {
        setSending(true);
        try {
          const chat = await createChat(titleOf(question));
          id = chat.id;
          queryClient.setQueryData<Chat>(chatQuery(id).queryKey, { ...chat, messages: [] });
        } catch (error) {
          setSendError(error);
          return false;
        } finally {
          setSending(false);
        }
      }
      const parentId = path.at(-1)?.message.id ?? null;
      setChoices((now) => newest(now, parentId));
      startRun(id, request({ chatId: id, question, parentId, files, ...change }));
      detachAll();
      chatsChanged();
      if (chatId === null) navigate(chatPath(id));
      return true;
    },
    [chatId, path, request],
  );

  const edit = (shown: Shown, question: string) => {
    if (chatId === null) return;
    const { parentId } = shown.message;
    setChoices((now) => newest(now, parentId));
    startRun(chatId, request({ question, parentId }));
  };

  const again = (shown: Shown) => {
    if (chatId === null) return;
    const questionId = shown.message.parentId;
    const failed = mine.find(
      ({ live, key }) => live.ended && !live.started && `${key}-answer` === shown.message.id,
    );
    if (failed && failed.regenerates === null) {
      // The server never had the question: it is asked as if for the first time.
      forgetRun(failed.key);
      startRun(chatId, request({ question: failed.live.answer.question, parentId: failed.parentId }));
    } else if (questionId !== null) {
      if (failed) forgetRun(failed.key);
      setChoices((now) => newest(now, questionId));
      startRun(chatId, request({ regenerateId: questionId }));
    }
  };

  return {
    query,
    messages,
    path,
    runs: mine,
    run,
    sending,
    sendError,
    send,
    edit,
    again,
    step: (shown: Shown, by: 1 | -1) => setChoices((now) => step(now, messages, shown, by)),
    stop: () => run && void stop(run.key),
  };
}

/** The first line of the question, until the server or the reader finds a better one. */
export function titleOf(question: string): string {
  const line = question.trim().split(/\n/)[0]?.trim() ?? "";
  const characters = [...line];
  return characters.length <= kTitleCharsMax
    ? line
    : `${characters.slice(0, kTitleCharsMax - 1).join("")}\u2026`;
}
