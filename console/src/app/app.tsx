// Which page is shown, and what follows from it for the whole document. Pages other than the conversation are parts
// of their own, fetched when they are first opened.
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { ApiError } from "../api/errors.ts";
import { chatQuery, queryClient, settingsQuery, sharedQuery } from "../api/queries.ts";
import { GlobalKeys } from "../features/palette/keys.tsx";
import { useSessionStore } from "../features/session/session.ts";
import { applySettings, watchSettings } from "../features/settings/sync.ts";
import { localeTag, type Text, useText } from "../i18n/index.ts";
import { type Route, routeOf, useRouter } from "../lib/router.ts";
import { ChatPage } from "../pages/chat_page.tsx";
import { NotFoundPage } from "../pages/not_found_page.tsx";
import { SignInPage } from "../pages/sign_in_page.tsx";
import { Shell } from "./shell.tsx";

const RunsPage = lazy(() => import("../pages/runs_page.tsx").then((page) => ({ default: page.RunsPage })));
const RunPage = lazy(() => import("../pages/run_page.tsx").then((page) => ({ default: page.RunPage })));
const SnapshotPage = lazy(() =>
  import("../pages/snapshot_page.tsx").then((page) => ({ default: page.SnapshotPage })),
);
const ModelsPage = lazy(() =>
  import("../pages/models_page.tsx").then((page) => ({ default: page.ModelsPage })),
);
const KeysPage = lazy(() => import("../pages/keys_page.tsx").then((page) => ({ default: page.KeysPage })));
const SharedPage = lazy(() =>
  import("../pages/shared_page.tsx").then((page) => ({ default: page.SharedPage })),
);
const SettingsPage = lazy(() =>
  import("../pages/settings_page.tsx").then((page) => ({ default: page.SettingsPage })),
);
const StatusPage = lazy(() =>
  import("../pages/status_page.tsx").then((page) => ({ default: page.StatusPage })),
);

const isUnauthorized = (error: unknown) => error instanceof ApiError && error.failure === "unauthorized";

// Any call may find that the session has ended; all of the page then says so.
queryClient.getQueryCache().subscribe((event) => {
  if (event.type !== "updated" || event.action.type !== "error") return;
  if (isUnauthorized(event.action.error) && event.query.queryKey[0] !== settingsQuery.queryKey[0]) {
    void queryClient.invalidateQueries({ queryKey: settingsQuery.queryKey });
  }
});

export function App() {
  const text = useText();
  const { t, locale } = text;
  const phase = useSessionStore((state) => state.phase);
  const path = useRouter((state) => state.path);
  const route = routeOf(path);
  // A link to a conversation is its own permission.
  const shared = route.page === "shared";
  const session = useQuery({ ...settingsQuery, enabled: phase !== "opening" && !shared });

  const unauthorized = isUnauthorized(session.error);
  const opening = phase === "opening" || (phase === "opened" && unauthorized && session.isFetching);
  // A server that is away, or has no settings, says nothing about the session: the pages show what is wrong.
  const knows = session.data !== undefined || (session.error !== null && !unauthorized);
  const signedOut =
    !shared && (opening || unauthorized || (phase === "failed" && session.data === undefined));
  useEffect(() => {
    if (session.data) applySettings(session.data);
  }, [session.data]);
  useEffect(() => (signedOut || shared ? undefined : watchSettings()), [signedOut, shared]);

  const title = useTitle(signedOut ? null : route, text);
  useEffect(() => {
    document.documentElement.lang = localeTag[locale];
    document.title = title;
  }, [locale, title]);

  if (!knows && !signedOut && !shared) {
    return (
      <p role="status" className="sr-only">
        {t("app.opening")}
      </p>
    );
  }
  return (
    <Shell route={signedOut || shared ? null : route}>
      {signedOut ? (
        <SignInPage opening={opening} onCheckAgain={() => void session.refetch()} />
      ) : (
        <Suspense
          fallback={
            <p role="status" className="text-ink-soft">
              {t("app.opening")}
            </p>
          }
        >
          <Page route={route} />
        </Suspense>
      )}
      {!signedOut && !shared && <GlobalKeys />}
    </Shell>
  );
}

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case "chat":
      return <ChatPage id={route.id} />;
    case "runs":
      return <RunsPage />;
    case "run":
      return <RunPage id={route.id} />;
    case "snapshot":
      return <SnapshotPage hash={route.hash} />;
    case "shared":
      return <SharedPage id={route.id} />;
    case "models":
      return <ModelsPage />;
    case "keys":
      return <KeysPage />;
    case "settings":
      return <SettingsPage />;
    case "status":
      return <StatusPage />;
    case "unknown":
      return <NotFoundPage />;
  }
}

function useTitle(route: Route | null, { t }: Text): string {
  const chatId = route?.page === "chat" ? route.id : null;
  const { data: chat } = useQuery({ ...chatQuery(chatId ?? ""), enabled: chatId !== null });
  const { data: shared } = useQuery({
    ...sharedQuery(route?.page === "shared" ? route.id : ""),
    enabled: route?.page === "shared",
  });
  const page = () => {
    if (route === null) return t("signin.title");
    switch (route.page) {
      case "chat":
        return chatId === null ? t("nav.new") : chat?.title || t("history.untitled");
      case "run":
        return t("run.title");
      case "snapshot":
        return t("snapshot.label");
      case "shared":
        return shared?.title || t("share.page");
      case "unknown":
        return t("notFound.title");
      default:
        return t(`nav.${route.page}`);
    }
  };
  return t("app.title", { page: page() });
}
