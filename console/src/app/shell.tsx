// The frame around every page: where one can go, the conversations, and how the console looks and speaks. A rail at
// the side on a wide screen, a bar and a drawer on a narrow one; the same elements in the same order for the keyboard.
import { type ReactNode, useState } from "react";
import { IconButton } from "../components/button.tsx";
import {
  CubeIcon,
  KeyIcon,
  ListIcon,
  Mark,
  MenuIcon,
  MoonIcon,
  PlusIcon,
  PulseIcon,
  ScreenIcon,
  SearchIcon,
  SlidersIcon,
  SunIcon,
} from "../components/icons.tsx";
import { Link } from "../components/link.tsx";
import { Segmented } from "../components/segmented.tsx";
import { UndoBar } from "../components/undo.tsx";
import { HistoryList } from "../features/history/history_list.tsx";
import { usePalette } from "../features/palette/keys.tsx";
import { locales, localeTag, useLocaleStore, useText } from "../i18n/index.ts";
import type { Route } from "../lib/router.ts";
import { type Theme, themes, useThemeStore } from "../lib/theme.ts";

const kThemeIcon: Record<Theme, ReactNode> = {
  light: <SunIcon />,
  dark: <MoonIcon />,
  system: <ScreenIcon />,
};

const kPages = [
  { page: "runs", Icon: ListIcon },
  { page: "models", Icon: CubeIcon },
  { page: "keys", Icon: KeyIcon },
  { page: "settings", Icon: SlidersIcon },
  { page: "status", Icon: PulseIcon },
] as const;

/** route: nothing while there is nowhere to go. A page that fills the screen scrolls in its own parts. */
export function Shell({ route, children }: { route: Route | null; children: ReactNode }) {
  const fills = route !== null && (route.page === "chat" || route.page === "snapshot");
  return (
    <div className={fills ? "shell shell-fills" : "shell"}>
      <SkipLink />
      {route === null ? <SignedOutBar /> : <Rail route={route} />}
      <main id="main" tabIndex={-1} className={fills ? "page-fills" : "page"}>
        {children}
      </main>
      <UndoBar />
    </div>
  );
}

function SkipLink() {
  const { t } = useText();
  return (
    // biome-ignore lint/a11y/useValidAnchor: a skip link goes somewhere, it only leaves no trace in the address
    <a
      href="#main"
      onClick={(event) => {
        // Moves the focus without leaving #main in the address, which is where sign-in links arrive.
        event.preventDefault();
        document.getElementById("main")?.focus();
      }}
      className="sr-only z-50 rounded-lg bg-river px-4 py-2 font-medium text-on-river focus:not-sr-only focus:fixed focus:top-3 focus:left-3"
    >
      {t("app.skip")}
    </a>
  );
}

function SignedOutBar() {
  const { t } = useText();
  return (
    <header className="flex flex-wrap items-center gap-x-4 gap-y-3 border-line px-4 py-3 max-md:border-b md:sticky md:top-0 md:h-dvh md:flex-col md:items-stretch md:gap-6 md:border-r md:py-5">
      <p className="flex items-center gap-2.5 px-1 text-base font-semibold tracking-tight">
        <Mark />
        {t("app.name")}
      </p>
      <div className="ml-auto flex items-center gap-2 md:mt-auto md:ml-0 md:flex-col md:items-start">
        <LanguageSwitch />
        <ThemeSwitch />
      </div>
    </header>
  );
}

function Rail({ route }: { route: Route }) {
  const { t } = useText();
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  return (
    <>
      <header className="top-bar">
        <button
          type="button"
          aria-expanded={open}
          aria-controls="rail"
          aria-label={t("nav.open")}
          onClick={() => setOpen(!open)}
          className="icon-button"
        >
          <MenuIcon />
        </button>
        <Link to="/" className="flex items-center gap-2 font-semibold tracking-tight">
          {t("app.name")}
        </Link>
        <Link to="/" title={t("nav.new")} className="icon-button ml-auto">
          <PlusIcon />
          <span className="sr-only">{t("nav.new")}</span>
        </Link>
      </header>
      {open && <div aria-hidden="true" onClick={close} className="rail-shade" />}
      <aside
        id="rail"
        aria-label={t("nav.rail")}
        className="rail"
        data-open={open}
        onKeyDown={(event) => {
          if (event.key === "Escape" && open) {
            event.stopPropagation();
            close();
          }
        }}
      >
        <div className="flex items-center justify-between px-4 pt-4 pb-3">
          <Link
            to="/"
            onFollow={close}
            className="flex items-center gap-2.5 text-base font-semibold tracking-tight"
          >
            <Mark />
            {t("app.name")}
          </Link>
          <IconButton label={t("nav.palette")} onClick={() => usePalette.setState({ open: "palette" })}>
            <SearchIcon />
          </IconButton>
        </div>
        <div className="px-3 pb-3">
          <Link
            to="/"
            onFollow={close}
            current={route.page === "chat" && route.id === null}
            className="new-chat-button"
          >
            <PlusIcon />
            {t("nav.new")}
          </Link>
        </div>
        <HistoryList current={route.page === "chat" ? route.id : null} onFollow={close} />
        <nav aria-label={t("nav.label")} className="border-t border-line px-3 py-2">
          <ul className="grid grid-cols-1">
            {kPages.map(({ page, Icon }) => (
              <li key={page}>
                <Link
                  to={`/${page}`}
                  onFollow={close}
                  current={route.page === page || (page === "runs" && route.page === "run")}
                  className="nav-link"
                >
                  <Icon />
                  {t(`nav.${page}`)}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div className="flex items-center justify-between gap-2 border-t border-line px-3 py-2.5">
          <LanguageSwitch />
          <ThemeSwitch />
        </div>
      </aside>
    </>
  );
}

function LanguageSwitch() {
  const { t, locale } = useText();
  const setLocale = useLocaleStore((state) => state.setLocale);
  const segments = locales.map((value) => ({ value, label: t(`language.${value}`), lang: localeTag[value] }));
  return <Segmented label={t("language.label")} value={locale} segments={segments} onChange={setLocale} />;
}

function ThemeSwitch() {
  const { t } = useText();
  const { theme, setTheme } = useThemeStore();
  const segments = themes.map((value) => ({ value, label: t(`theme.${value}`), icon: kThemeIcon[value] }));
  return <Segmented label={t("theme.label")} value={theme} segments={segments} onChange={setTheme} />;
}
