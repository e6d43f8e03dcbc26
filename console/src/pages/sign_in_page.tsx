import { SignIn } from "../features/session/sign_in.tsx";
import { useText } from "../i18n/index.ts";

export function SignInPage({ opening, onCheckAgain }: { opening: boolean; onCheckAgain: () => void }) {
  const { t } = useText();
  if (!opening) return <SignIn onCheckAgain={onCheckAgain} />;
  return (
    <p role="status" className="text-ink-soft">
      {t("signin.opening")}
    </p>
  );
}
