// A conversation on the page: its messages from the first question to the last answer, and the field for the next.
import { useEffect, useRef, useState } from "react";
import { Spoken } from "../../components/answer/spoken.tsx";
import { Button } from "../../components/button.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { FailurePanel } from "../../components/failure.tsx";
import { ArrowDownIcon } from "../../components/icons.tsx";
import { Loaded } from "../../components/loaded.tsx";
import { ShareDialog } from "../../components/share_dialog.tsx";
import { useText } from "../../i18n/index.ts";
import { docsPath } from "../../lib/router.ts";
import { Composer } from "./composer.tsx";
import { useConversation } from "./conversation.ts";
import { DropZone } from "./drop_zone.tsx";
import { useFollow } from "./follow.ts";
import { useOptions } from "./options.ts";
import { Question } from "./question.tsx";
import { removeMessage, useRemovals } from "./removal.ts";
import { Reply } from "./reply.tsx";
import { useRuns } from "./runs.ts";
import { hasChildren, type Shown } from "./tree.ts";
import { type Example, Welcome } from "./welcome.tsx";

export function Thread({ chatId }: { chatId: string | null }) {
  const { t, locale } = useText();
  const talk = useConversation(chatId);
  const names = useRuns((state) => state.names);
  const removalError = useRemovals((state) => state.error);
  const [draft, setDraft] = useState("");
  const [sharing, setSharing] = useState<string | null>(null);
  const [asking, setAsking] = useState<Shown | null>(null);
  const view = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const { atEnd, toEnd } = useFollow(view, content, chatId !== null);
  const busy = talk.run !== undefined || talk.sending;
  const { stop } = talk;

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
      stop();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [stop]);

  const send = async (text: string, sites?: string[]) => {
    setDraft("");
    toEnd();
    if (!(await talk.send(text, sites ? { sites } : {}))) setDraft((now) => (now === "" ? text : now));
  };
  const askExample = (question: string, example: Example) => {
    if (example === "think") useOptions.setState({ think: "high", effort: "high" });
    if (example === "web") useOptions.setState({ search: "on" });
    // The others are about Seine: only its own documentation is read, and nothing leaves the machine.
    const about = example !== "think" && example !== "web";
    void send(question, about ? [location.origin + docsPath(locale)] : undefined);
  };
  const remove = (shown: Shown) => {
    if (hasChildren(talk.messages, shown.message.id)) setAsking(shown);
    else if (chatId !== null) removeMessage(chatId, shown.message.id, t("message.deleted"));
  };

  const liveOf = (id: string) => {
    const run = talk.runs.find(({ key, live }) => (live.answer.answerId ?? `${key}-answer`) === id);
    return run && { thinking: run.live.thinking, requestId: run.live.requestId, error: run.error };
  };
  const composer = (
    <Composer
      draft={draft}
      setDraft={setDraft}
      onSend={(text) => void send(text)}
      onStop={talk.stop}
      running={busy}
      stopping={talk.run?.stopping === true}
      field={field}
    />
  );

  return (
    <section aria-label={t("thread.label")} className="flex min-w-0 flex-1 flex-col">
      <DropZone />
      <Spoken answer={talk.run?.live.answer ?? talk.path.at(-1)?.message.answer ?? undefined} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <div ref={view} tabIndex={0} className="thread-view">
        <div ref={content} className={`thread-content ${chatId === null ? "justify-center" : ""}`}>
          {chatId === null ? (
            <Welcome onAsk={askExample} />
          ) : (
            <div className="thread-messages">
              <h1 className="sr-only">{talk.query.data?.title || t("thread.label")}</h1>
              <Loaded query={talk.query} waiting={t("thread.loading")}>
                {() => null}
              </Loaded>
              {talk.path.map((shown) => {
                const { id, role } = shown.message;
                const key = names[id] ?? id;
                const step = (by: 1 | -1) => talk.step(shown, by);
                return role === "user" ? (
                  <Question
                    key={key}
                    shown={shown}
                    busy={busy}
                    onEdit={(text) => {
                      talk.edit(shown, text);
                      toEnd();
                    }}
                    onDelete={() => remove(shown)}
                    onStep={step}
                  />
                ) : (
                  <Reply
                    key={key}
                    shown={shown}
                    live={liveOf(id)}
                    busy={busy}
                    onAgain={() => {
                      talk.again(shown);
                      toEnd();
                    }}
                    onShare={() => setSharing(id)}
                    onDelete={() => remove(shown)}
                    onStep={step}
                  />
                );
              })}
              {removalError !== undefined && <FailurePanel error={removalError} />}
            </div>
          )}
        </div>
      </div>
      <div className="relative mx-auto w-full max-w-3xl px-3 pb-3 sm:px-4">
        {chatId !== null && !atEnd && (
          <button type="button" onClick={toEnd} className="jump-button">
            <ArrowDownIcon />
            {t("thread.latest")}
          </button>
        )}
        {talk.sendError !== undefined && (
          <div className="mb-3">
            <FailurePanel error={talk.sendError} />
          </div>
        )}
        {composer}
        <p className="mt-1.5 text-center text-2xs text-ink-faint max-sm:hidden">{t("composer.note")}</p>
      </div>
      {sharing !== null && chatId !== null && (
        <ShareDialog chatId={chatId} messageId={sharing} onClose={() => setSharing(null)} />
      )}
      {asking && (
        <Dialog label={t("message.delete.title")} onClose={() => setAsking(null)}>
          <div className="space-y-4 p-5">
            <p className="text-ink-soft">{t("message.delete.why")}</p>
            <div className="flex justify-end gap-2">
              <Button onClick={() => setAsking(null)}>{t("action.cancel")}</Button>
              <Button
                kind="danger"
                onClick={() => {
                  if (chatId !== null) removeMessage(chatId, asking.message.id, t("message.deleted"));
                  setAsking(null);
                }}
              >
                {t("message.delete")}
              </Button>
            </div>
          </div>
        </Dialog>
      )}
    </section>
  );
}
