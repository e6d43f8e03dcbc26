// Readiness, check by check; what is wrong comes first and names the command that mends it.
import type { Check, CheckStatus } from "../../api/status.ts";
import { Command } from "../../components/command.tsx";
import { CheckIcon, CrossIcon, WarnIcon } from "../../components/icons.tsx";
import { Section } from "../../components/section.tsx";
import { useText } from "../../i18n/index.ts";

const kOrder: Record<CheckStatus, number> = { fail: 0, warn: 1, ok: 2 };
const kTone: Record<CheckStatus, string> = {
  ok: "bg-good-soft text-good",
  warn: "bg-warn-soft text-warn",
  fail: "bg-bad-soft text-bad",
};
const kSign: Record<CheckStatus, () => React.ReactNode> = { ok: CheckIcon, warn: WarnIcon, fail: CrossIcon };

export function Checks({ checks }: { checks: readonly Check[] }) {
  const { t } = useText();
  const sorted = [...checks].sort((a, b) => kOrder[a.status] - kOrder[b.status]);
  return (
    <Section title={t("checks.title")}>
      {sorted.length === 0 ? (
        <div className="panel space-y-3 p-5">
          <p className="text-ink-soft">{t("checks.empty")}</p>
          <Command text="seine doctor" />
        </div>
      ) : (
        <ul className="panel divide-y divide-line">
          {sorted.map((check) => (
            <Row key={check.name} check={check} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function Row({ check }: { check: Check }) {
  const { t, locale } = useText();
  const Sign = kSign[check.status];
  return (
    <li className="grid grid-cols-[5.75rem_1fr] items-start gap-x-4 px-4 py-3.5 sm:px-5">
      <span
        className={`inline-flex items-center gap-1.5 justify-self-start rounded-full py-0.5 pr-2.5 pl-1.5 text-2xs font-medium whitespace-nowrap ${kTone[check.status]}`}
      >
        <Sign />
        {t(`checks.${check.status}`)}
      </span>
      <div className="min-w-0 space-y-2">
        <p className="text-sm">
          <span className="mr-2 font-medium">{check.name}</span>
          <span className="text-ink-soft">{check.message[locale]}</span>
        </p>
        {check.status !== "ok" && check.fix !== "" && (
          <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-sm text-ink-soft">
            {t("checks.fix")}
            <Command text={check.fix} />
          </p>
        )}
      </div>
    </li>
  );
}
