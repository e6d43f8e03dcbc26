// What a browser without a session sees: how to get a link, and what became of the last one.
import { Button } from "../../components/button.tsx";
import { Command } from "../../components/command.tsx";
import { FailurePanel } from "../../components/failure.tsx";
import { WarnIcon } from "../../components/icons.tsx";
import { useText } from "../../i18n/index.ts";
import { signIn, useSessionStore } from "./session.ts";

export function SignIn({ onCheckAgain }: { onCheckAgain: () => void }) {
  const { t } = useText();
  const session = useSessionStore();
  return (
    <div className="max-w-2xl space-y-6">
      <div>
        <h1 className="text-title font-semibold tracking-tight">{t("signin.heading")}</h1>
        <p className="mt-3 text-ink-soft">{t("signin.lead")}</p>
      </div>

      {session.phase === "refused" && (
        <div role="alert" className="flex gap-3 rounded-xl bg-warn-soft p-5">
          <span className="mt-1 text-warn">
            <WarnIcon />
          </span>
          <div>
            <p className="font-semibold">{t("signin.refused")}</p>
            <p className="text-sm text-ink-soft">{t("signin.refused.why")}</p>
          </div>
        </div>
      )}
      {session.phase === "failed" && (
        <FailurePanel
          error={session.error}
          action={<Button onClick={() => void signIn(session.token)}>{t("error.retry")}</Button>}
        />
      )}

      <section aria-labelledby="steps" className="panel divide-y divide-line">
        <h2 id="steps" className="px-5 py-3.5 text-base font-semibold">
          {t("signin.steps")}
        </h2>
        <div className="flex flex-wrap items-center justify-between gap-3 px-5 py-4">
          <p className="text-sm">{t("signin.running")}</p>
          <Command text="seine link" />
        </div>
        <div className="flex flex-wrap items-center justify-between gap-3 px-5 py-4">
          <p className="text-sm">{t("signin.stopped")}</p>
          <Command text="seine up" />
        </div>
        <div className="space-y-2 px-5 py-4">
          <p className="text-sm">{t("signin.open")}</p>
          <code className="block font-mono text-xs break-all text-ink-soft">{`${location.origin}/#token=…`}</code>
        </div>
      </section>
      <Button onClick={onCheckAgain}>{t("signin.retry")}</Button>
    </div>
  );
}
