// The frame around every page: where one can go, and how the console looks and speaks. A rail at the side on a wide
// screen, a bar on a narrow one; the same elements in the same order for the keyboard.
import type { ReactNode } from "react";
import { Mark, MoonIcon, PulseIcon, ScreenIcon, SunIcon } from "../components/icons.tsx";
import { Segmented } from "../components/segmented.tsx";
import { locales, localeTag, useLocaleStore, useText } from "../i18n/index.ts";
import { type Theme, themes, useThemeStore } from "../lib/theme.ts";

const kThemeIcon: Record<Theme, ReactNode> = {
  light: <SunIcon />,
  dark: <MoonIcon />,
  system: <ScreenIcon />,
};

/** signedIn: whether there is anywhere to go. */
export function Shell({ signedIn, children }: { signedIn: boolean; children: ReactNode }) {
  const { t } = useText();
  return (
    <div className="min-h-dvh md:grid md:grid-cols-[14.5rem_minmax(0,1fr)]">
      {/* biome-ignore lint/a11y/useValidAnchor: a skip link goes somewhere, it only leaves no trace in the address */}
      <a
        href="#main"
        onClick={(event) => {
          // Moves the focus without leaving #main in the address, which is where sign-in links arrive.
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
        className="sr-only z-10 rounded-lg bg-river px-4 py-2 font-medium text-on-river focus:not-sr-only focus:fixed focus:top-3 focus:left-3"
      >
        {t("app.skip")}
      </a>
      <header className="flex flex-wrap items-center gap-x-4 gap-y-3 border-line px-4 py-3 max-md:border-b md:sticky md:top-0 md:h-dvh md:flex-col md:items-stretch md:gap-6 md:border-r md:px-4 md:py-5">
        <p className="flex items-center gap-2.5 px-1 text-base font-semibold tracking-tight">
          <Mark />
          {t("app.name")}
        </p>
        {signedIn && (
          <nav aria-label={t("nav.label")} className="max-md:order-last max-md:w-full">
            <ul className="flex gap-1 md:flex-col">
              <li>
                <a
                  href="/"
                  aria-current="page"
                  className="flex items-center gap-2.5 rounded-lg bg-river-soft px-3 py-1.5 text-sm font-medium text-river"
                >
                  <PulseIcon />
                  {t("nav.status")}
                </a>
              </li>
            </ul>
          </nav>
        )}
        <div className="ml-auto flex items-center gap-2 md:mt-auto md:ml-0 md:flex-col md:items-start">
          <LanguageSwitch />
          <ThemeSwitch />
        </div>
      </header>
      <main
        id="main"
        tabIndex={-1}
        className="mx-auto w-full max-w-[72rem] px-4 py-7 sm:px-6 md:px-10 md:py-10"
      >
        {children}
      </main>
    </div>
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
