import { useSessionStore } from "../features/session/session.ts";
import { SignIn } from "../features/session/sign_in.tsx";
import { useText } from "../i18n/index.ts";

export function SignInPage({ onCheckAgain }: { onCheckAgain: () => void }) {
  const { t } = useText();
  const opening = useSessionStore((state) => state.phase === "opening");
  if (opening) {
    return (
      <p role="status" className="text-ink-soft">
        {t("signin.opening")}
      </p>
    );
  }
  return <SignIn onCheckAgain={onCheckAgain} />;
}
