// A conversation as a link shows it: to read, with its sources, and nothing to press that would change it.
import { useQuery } from "@tanstack/react-query";
import type { Message } from "../../api/chats.ts";
import { ApiError } from "../../api/errors.ts";
import { sharedQuery } from "../../api/queries.ts";
import { AnswerView } from "../../components/answer/answer_view.tsx";
import { Button } from "../../components/button.tsx";
import { CopyButton } from "../../components/copy_button.tsx";
import { Loaded } from "../../components/loaded.tsx";
import { useText } from "../../i18n/index.ts";

export function SharedView({ id }: { id: string }) {
  const { t, format } = useText();
  const query = useQuery(sharedQuery(id));
  if (query.error instanceof ApiError && query.error.failure === "missing") {
    return (
      <div role="alert" className="mx-auto max-w-xl space-y-3 py-16 text-center">
        <h1 className="text-figure font-semibold tracking-tight">{t("share.gone")}</h1>
        <p className="text-ink-soft">{t("share.gone.why")}</p>
      </div>
    );
  }
  return (
    <Loaded query={query} waiting={t("thread.loading")}>
      {(shared) => (
        <article className="mx-auto w-full max-w-3xl">
          <header className="mb-8 border-b border-line pb-4">
            <div className="flex items-start gap-3">
              <h1 className="min-w-0 flex-1 text-figure font-semibold tracking-tight">
                {shared.title || t("history.untitled")}
              </h1>
              <span className="print:hidden">
                <Button onClick={() => print()}>{t("share.print")}</Button>
              </span>
            </div>
            <p className="mt-2 text-sm text-ink-soft">
              {t("share.asOf", { date: format.dateTime(new Date(shared.createdAt)) })}
              {shared.expiresAt !== null &&
                ` · ${t("keys.expires", { date: format.dateTime(new Date(shared.expiresAt)) })}`}
            </p>
          </header>
          <div className="space-y-8">
            {shared.messages.map((message) =>
              message.role === "user" ? (
                <section
                  key={message.id}
                  aria-label={t("question.label")}
                  className="flex flex-col items-end"
                >
                  <h2 className="sr-only">{t("question.label")}</h2>
                  <p className="question-bubble">{message.text}</p>
                </section>
              ) : (
                <Answered key={message.id} message={message} />
              ),
            )}
          </div>
        </article>
      )}
    </Loaded>
  );
}

function Answered({ message }: { message: Message }) {
  const { t } = useText();
  return (
    <section aria-label={t("answer.label")} className="group">
      <h2 className="sr-only">{t("answer.label")}</h2>
      {message.answer ? (
        <AnswerView answer={message.answer} />
      ) : (
        <p className="whitespace-pre-wrap">{message.text}</p>
      )}
      {message.text !== "" && (
        <div className="message-actions -ml-1.5">
          <CopyButton text={message.text} label={t("answer.copy")} />
        </div>
      )}
    </section>
  );
}
