// Which page is shown, and what follows from it for the whole document.
import { useEffect } from "react";
import { explain } from "../components/failure.tsx";
import { useSessionStore } from "../features/session/session.ts";
import { isUnauthorized, useFeed } from "../features/status/feed.ts";
import { verdictOf } from "../features/status/verdict.tsx";
import { localeTag, useText } from "../i18n/index.ts";
import { SignInPage } from "../pages/sign_in_page.tsx";
import { StatusPage } from "../pages/status_page.tsx";
import { Shell } from "./shell.tsx";

export function App() {
  const text = useText();
  const { t, locale } = text;
  const phase = useSessionStore((state) => state.phase);
  const feed = useFeed(phase !== "opening");
  const { status, error, trying, retry } = feed;

  const unauthorized = isUnauthorized(error);
  const opening = phase === "opening" || (phase === "opened" && unauthorized && trying);
  const signedOut = opening || unauthorized || (phase === "failed" && !status);
  const page = signedOut
    ? t("signin.title")
    : error !== undefined
      ? explain(error, text).what
      : status
        ? verdictOf(status, text).word
        : t("status.title");
  const title = t("app.title", { page });
  useEffect(() => {
    document.documentElement.lang = localeTag[locale];
    document.title = title;
  }, [locale, title]);

  return (
    <Shell signedIn={!signedOut}>
      {signedOut ? <SignInPage opening={opening} onCheckAgain={retry} /> : <StatusPage feed={feed} />}
    </Shell>
  );
}
