// What a model thought before it answered: in view while it thinks, folded away when it is done, and out of the copy.
import { useEffect, useState } from "react";
import { useText } from "../../i18n/index.ts";
import { ChevronRightIcon, ThinkIcon } from "../icons.tsx";
import { Markdown } from "../markdown/markdown.tsx";

/** seconds: how long it took; null while it goes on, undefined when nobody knows. */
export function Thinking(props: { text: string; since: number | null; seconds: number | null | undefined }) {
  const { t, format } = useText();
  const live = props.seconds === null;
  const [chosen, setChosen] = useState<boolean | null>(null);
  const now = useSecond(live);
  const open = chosen ?? live;
  const took = live && props.since !== null ? Math.max(0, Math.round((now - props.since) / 1000)) : undefined;
  const title = live
    ? t("think.live", { time: format.span(took ?? 0) })
    : props.seconds === undefined || props.seconds === null || props.seconds < 1
      ? t("think.done")
      : t("think.took", { time: format.seconds(props.seconds) });
  return (
    <div className="fold">
      <button type="button" aria-expanded={open} onClick={() => setChosen(!open)} className="fold-title">
        <ThinkIcon />
        <span className={live ? "shimmer" : ""}>{title}</span>
        <span className={`transition-transform ${open ? "rotate-90" : ""}`}>
          <ChevronRightIcon />
        </span>
      </button>
      {open && (
        <div className="mt-2 border-l-2 border-line pl-4 text-ink-soft prose-small">
          <Markdown text={props.text} />
        </div>
      )}
    </div>
  );
}

/** The time, once a second while it is wanted. */
export function useSecond(wanted: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!wanted) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [wanted]);
  return now;
}
