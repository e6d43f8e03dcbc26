// An answer as it is read: the steps, the thoughts, who speaks, the text with its citations, its sources, and how it
// ended when it did not end well.
import type { ReactNode } from "react";
import type { Answer } from "../../api/answer.ts";
import { ApiError } from "../../api/errors.ts";
import { useText } from "../../i18n/index.ts";
import { FailurePanel } from "../failure.tsx";
import { HalfIcon, QuoteIcon, SearchIcon, StopIcon } from "../icons.tsx";
import { annotate, tally } from "./annotate.ts";
import { AnswerText } from "./answer_text.tsx";
import { kSupportIcon } from "./cite.tsx";
import { Sources } from "./sources.tsx";
import { Steps } from "./steps.tsx";
import { Thinking } from "./thinking.tsx";

export interface LiveAnswer {
  thinking: { since: number; until: number | null } | null;
  requestId: string;
  /** The call itself failed. */
  error: unknown;
}

/** live: what this page saw of the run, when it began it; retry: the way out of a failure. */
export function AnswerView(props: { answer: Answer; live?: LiveAnswer | undefined; retry?: ReactNode }) {
  const { answer, live } = props;
  const running = answer.state === "running";
  const error =
    live?.error ??
    (answer.error ? new ApiError("failed", live?.requestId ?? "", answer.error.message) : undefined);
  return (
    <div aria-busy={running} className="min-w-0">
      <Steps answer={answer} live={running && answer.text === ""} />
      {answer.reasoning !== "" && <Thoughts answer={answer} live={live} running={running} />}
      <Label answer={answer} />
      {answer.text !== "" && (
        <div className={running ? "growing" : ""}>
          <AnswerText text={answer.text} citations={answer.citations} sources={answer.sources} />
        </div>
      )}
      {answer.state === "stopped" && <Notice kind="stopped" />}
      {answer.state === "failed" && error !== undefined && (
        <div className="mt-3">
          <FailurePanel error={error} action={props.retry} />
        </div>
      )}
      {!running && <Support answer={answer} />}
      {!running && <Sources sources={answer.sources} citations={answer.citations} />}
    </div>
  );
}

function Thoughts(props: { answer: Answer; live: LiveAnswer | undefined; running: boolean }) {
  const { thinking } = props.live ?? { thinking: null };
  const seconds =
    thinking === null ? undefined : thinking.until === null ? null : (thinking.until - thinking.since) / 1000;
  return (
    <Thinking
      text={props.answer.reasoning}
      since={thinking?.since ?? null}
      seconds={props.running && thinking?.until == null ? (seconds ?? null) : seconds}
    />
  );
}

/** Who speaks, where it is not simply the model. */
function Label({ answer }: { answer: Answer }) {
  const { t } = useText();
  if (answer.state === "not_found" || (answer.by === "none" && answer.state === "complete")) {
    return (
      <p className="label-line">
        <SearchIcon />
        {t("by.none")}
      </p>
    );
  }
  if (answer.by !== "extract") return null;
  return (
    <p className="label-line">
      <QuoteIcon />
      {t("by.extract")}
    </p>
  );
}

function Notice({ kind }: { kind: "stopped" }) {
  const { t } = useText();
  return (
    <p className="label-line mt-3">
      <StopIcon />
      {t(`answer.${kind}`)}
    </p>
  );
}

/** What became of the check of each cited sentence, in one line. */
function Support({ answer }: { answer: Answer }) {
  const { t, format } = useText();
  const counts = tally(annotate(answer.text, answer.citations).sentences);
  if (counts.supported + counts.partial + counts.unsupported === 0) return null;
  return (
    <p className="mt-3 flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-ink-soft">
      {(["supported", "partial", "unsupported"] as const).map((support) => {
        const Sign = kSupportIcon[support] ?? HalfIcon;
        return (
          counts[support] > 0 && (
            <span
              key={support}
              className="inline-flex items-center gap-1.5"
              title={t(`support.${support}.why`)}
            >
              <span className="support-sign" data-support={support}>
                <Sign />
              </span>
              {t(`support.${support}.count`, { count: format.number(counts[support]) })}
            </span>
          )
        );
      })}
    </p>
  );
}
