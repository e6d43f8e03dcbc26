// An answer in a conversation, with what can be done about it.
import type { Answer } from "../../api/answer.ts";
import type { Message } from "../../api/chats.ts";
import { AnswerView, type LiveAnswer } from "../../components/answer/answer_view.tsx";
import { Button, IconButton } from "../../components/button.tsx";
import { CopyButton } from "../../components/copy_button.tsx";
import { AgainIcon, ListIcon, Mark, ShareIcon, TrashIcon } from "../../components/icons.tsx";
import { Link } from "../../components/link.tsx";
import { useText } from "../../i18n/index.ts";
import { runPath } from "../../lib/router.ts";
import { Branches } from "./branches.tsx";
import { begin } from "./live.ts";
import type { Shown } from "./tree.ts";

export function Reply(props: {
  shown: Shown;
  live: LiveAnswer | undefined;
  busy: boolean;
  onAgain: () => void;
  onShare: () => void;
  onDelete: () => void;
  onStep: (by: 1 | -1) => void;
}) {
  const { t } = useText();
  const { message } = props.shown;
  const answer = answerOf(message);
  const running = answer.state === "running";
  return (
    <article aria-label={t("answer.label")} className="group flex gap-3.5">
      <h2 className="sr-only">{t("answer.label")}</h2>
      <span className="mt-0.5 max-sm:hidden">
        <Mark />
      </span>
      <div className="min-w-0 flex-1">
        <AnswerView
          answer={answer}
          live={props.live}
          retry={!props.busy && <Button onClick={props.onAgain}>{t("answer.again")}</Button>}
        />
        {!running && (
          <div className="message-actions -ml-1.5">
            <Branches shown={props.shown} onStep={props.onStep} />
            {answer.text !== "" && <CopyButton text={answer.text} label={t("answer.copy")} />}
            {!props.busy && (
              <>
                <IconButton label={t("answer.again")} onClick={props.onAgain}>
                  <AgainIcon />
                </IconButton>
                <IconButton label={t("share.action")} onClick={props.onShare}>
                  <ShareIcon />
                </IconButton>
                <IconButton label={t("message.delete")} onClick={props.onDelete}>
                  <TrashIcon />
                </IconButton>
              </>
            )}
            {message.runId && (
              <Link to={runPath(message.runId)} title={t("answer.run")} className="icon-button">
                <ListIcon />
                <span className="sr-only">{t("answer.run")}</span>
              </Link>
            )}
            {answer.model !== "" && (
              <span className="ml-1 truncate text-2xs text-ink-faint">{answer.model}</span>
            )}
          </div>
        )}
      </div>
    </article>
  );
}

/** What the server keeps of an answer; a message without its run still has its text. */
function answerOf(message: Message): Answer {
  if (message.answer) return message.answer;
  const state = message.state === "running" || message.state === "stopped" ? message.state : "complete";
  return { ...begin("", null).answer, text: message.text, state, createdAt: message.createdAt };
}
