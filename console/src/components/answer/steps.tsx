// What was done for an answer, step by step: which words were searched, which pages opened, which failed and why.
// While it goes on, one line says where it is; folded open, all of it is there, then and later.
import { useState } from "react";
import type { Answer, Step } from "../../api/answer.ts";
import { type Text, useText } from "../../i18n/index.ts";
import {
  CheckIcon,
  ChevronRightIcon,
  CrossIcon,
  FileIcon,
  ListIcon,
  PencilIcon,
  PlanIcon,
  RankIcon,
  SearchIcon,
  ShieldIcon,
} from "../icons.tsx";

const kStepIcon = {
  plan: PlanIcon,
  search: SearchIcon,
  read: FileIcon,
  rank: RankIcon,
  generate: PencilIcon,
  verify: ShieldIcon,
  other: ListIcon,
} as const;

export function Steps({ answer, live }: { answer: Answer; live: boolean }) {
  const text = useText();
  const [open, setOpen] = useState(false);
  const { steps } = answer;
  if (steps.length === 0 && !live) return null;
  const current = currentStep(steps);
  return (
    <div className="fold">
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className="fold-title">
        <ListIcon />
        <span className={`min-w-0 truncate ${live ? "shimmer" : ""}`}>
          {live ? describe(current, text) : summary(answer, text)}
        </span>
        <span className={`transition-transform ${open ? "rotate-90" : ""}`}>
          <ChevronRightIcon />
        </span>
      </button>
      {open && (
        <ol className="mt-2 space-y-0.5 border-l-2 border-line pl-4">
          {steps.map((step) => (
            <StepLine key={step.id} step={step} />
          ))}
        </ol>
      )}
    </div>
  );
}

function StepLine({ step }: { step: Step }) {
  const { t, format } = useText();
  const Sign = kStepIcon[step.kind];
  const cached = step.detail.from === "cache" || step.detail.cached === true || step.detail.cache === true;
  return (
    <li className="flex gap-2.5 py-1 text-xs text-ink-soft">
      <span className="mt-0.5 text-ink-faint">
        <Sign />
      </span>
      <span className="min-w-0 flex-1">
        {step.title || t(`step.${step.kind}`)}
        {cached && <span className="ml-2 rounded bg-sunken px-1.5 text-2xs">{t("source.from.cache")}</span>}
        {step.reason && (
          <span className={`block ${step.state === "failed" ? "text-ink" : ""}`}>{step.reason}</span>
        )}
      </span>
      <span className="flex shrink-0 items-start gap-1.5 text-2xs text-ink-faint">
        {step.elapsedMs !== null && step.state !== "started" && format.seconds(step.elapsedMs / 1000)}
        <span className={step.state === "failed" ? "text-bad" : step.state === "done" ? "text-good" : ""}>
          {step.state === "done" && <CheckIcon />}
          {step.state === "failed" && <CrossIcon />}
          {step.state === "started" && <span className="live-dot breathe" />}
        </span>
        <span className="sr-only">{t(`step.state.${step.state}`)}</span>
      </span>
    </li>
  );
}

/** Where a run is: the latest step that goes on, or between two the one before. */
export function currentStep(steps: readonly Step[]): Step | undefined {
  return steps.findLast((step) => step.state === "started") ?? steps.at(-1);
}

/** The step in one line, as the line that lives and as what a screen reader is told. */
export function describe(step: Step | undefined, { t }: Text): string {
  if (!step) return t("step.waiting");
  return step.title || t(`step.${step.kind}`);
}

function summary(answer: Answer, { t, format }: Text): string {
  const count = (state: string) => answer.sources.filter((source) => source.state === state).length;
  const searches = answer.steps.filter(({ kind }) => kind === "search").length;
  const read = count("read") + count("cited");
  const failed = count("failed");
  const parts = [
    searches > 0 ? t("steps.searched", { count: format.number(searches) }) : "",
    read > 0 ? t("steps.read", { count: format.number(read) }) : "",
    failed > 0 ? t("steps.failed", { count: format.number(failed) }) : "",
    answer.timings.totalMs === null ? "" : format.seconds(answer.timings.totalMs / 1000),
  ].filter((part) => part !== "");
  return parts.length > 0 ? parts.join(" · ") : t("steps.title");
}
