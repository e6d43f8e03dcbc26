// What a screen reader is told while an answer grows: the step that begins, then whole sentences, not every piece.
import { useEffect, useRef, useState } from "react";
import type { Answer } from "../../api/answer.ts";
import { useText } from "../../i18n/index.ts";
import { currentStep, describe } from "./steps.tsx";

const kEveryMs = 2_500;
const kSentenceEnd = /[.!?。！？…\n](?=\s|$|[^\s])/g;

export function Spoken({ answer }: { answer: Answer | undefined }) {
  const text = useText();
  const { t } = text;
  const latest = useRef(answer);
  latest.current = answer;
  const told = useRef(0);
  const [words, setWords] = useState("");
  const running = answer?.state === "running";
  const current = answer && currentStep(answer.steps);

  useEffect(() => {
    if (!running) return;
    told.current = 0;
    const timer = setInterval(() => {
      const now = latest.current?.text ?? "";
      const end = lastSentenceEnd(now);
      if (end <= told.current) return;
      setWords(now.slice(told.current, end));
      told.current = end;
    }, kEveryMs);
    return () => clearInterval(timer);
  }, [running]);

  const done = answer && !running ? t("answer.ready") : "";
  const step = running && answer.text === "" ? describe(current, text) : "";
  return (
    <div role="status" aria-live="polite" className="sr-only">
      {step || (running ? words : done)}
    </div>
  );
}

export function lastSentenceEnd(text: string): number {
  let end = 0;
  for (const match of text.matchAll(kSentenceEnd)) end = match.index + 1;
  return end;
}
