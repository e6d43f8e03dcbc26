// The one sentence the page is opened for: does it work?
import type { Status } from "../../api/status.ts";
import { CheckIcon, CrossIcon, WarnIcon } from "../../components/icons.tsx";
import { type Text, useText } from "../../i18n/index.ts";

type Mood = "good" | "warn" | "bad";

export function verdictOf(status: Status, { t, format }: Text): { mood: Mood; word: string; detail: string } {
  const count = (wanted: string) => status.checks.filter((check) => check.status === wanted).length;
  const share = (found: number) => ({
    count: format.number(found),
    total: format.number(status.checks.length),
  });
  const failing = count("fail");
  const warning = count("warn");
  if (!status.ready || failing > 0) {
    return failing > 0
      ? { mood: "bad", word: t("verdict.fail"), detail: t("verdict.fail.detail", share(failing)) }
      : { mood: "bad", word: t("verdict.starting"), detail: t("verdict.starting.detail") };
  }
  if (warning > 0) {
    return { mood: "warn", word: t("verdict.warn"), detail: t("verdict.warn.detail", share(warning)) };
  }
  const detail = status.checks.length > 0 ? t("verdict.ready.detail") : t("verdict.ready.unchecked");
  return { mood: "good", word: t("verdict.ready"), detail };
}

const kBadge: Record<Mood, string> = {
  good: "bg-good-soft text-good",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
};
const kSign: Record<Mood, () => React.ReactNode> = { good: CheckIcon, warn: WarnIcon, bad: CrossIcon };

export function Verdict({ status, answeredAt }: { status: Status; answeredAt: Date | undefined }) {
  const text = useText();
  const { t, format } = text;
  const { mood, word, detail } = verdictOf(status, text);
  const Sign = kSign[mood];
  return (
    <div className="flex flex-wrap items-end justify-between gap-x-8 gap-y-4">
      <div role="status" className="flex min-w-0 items-start gap-4">
        <span
          className={`mt-0.5 inline-flex size-10 shrink-0 items-center justify-center rounded-full [&>svg]:size-5 ${kBadge[mood]}`}
        >
          <Sign />
        </span>
        <div className="min-w-0">
          <p className="text-title font-semibold tracking-tight">{word}</p>
          <p className="mt-0.5 text-ink-soft">{detail}</p>
        </div>
      </div>
      <ul className="flex flex-wrap gap-x-5 gap-y-1 text-sm text-ink-soft">
        <li>{t("status.version", { version: status.version })}</li>
        <li>{t("status.up", { duration: format.span(status.uptime_s) })}</li>
        {answeredAt && (
          <li className="inline-flex items-center gap-2">
            <span className="breathe size-1.5 rounded-full bg-good" />
            {t("status.updated", { time: format.time(answeredAt) })}
          </li>
        )}
      </ul>
    </div>
  );
}
