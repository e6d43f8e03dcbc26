// Which language the reader has: chosen by the switch and remembered, else the first of the browser's languages
// that we speak, else English.
import { create } from "zustand";
import { remember, remembered } from "../lib/storage.ts";

export const locales = ["en", "zh"] as const;
export type Locale = (typeof locales)[number];

const kStorageKey = "seine.language";

/** The BCP 47 tag for <html lang> and for Intl. */
export const localeTag: Record<Locale, string> = { en: "en", zh: "zh-CN" };

export function detectLocale(languages: readonly string[]): Locale {
  for (const tag of languages) {
    const primary = tag.toLowerCase().split("-")[0];
    const known = locales.find((locale) => locale === primary);
    if (known) return known;
  }
  return "en";
}

interface LocaleState {
  locale: Locale;
  setLocale: (locale: Locale) => void;
}

export const useLocaleStore = create<LocaleState>((set) => ({
  locale: remembered(kStorageKey, locales) ?? detectLocale(navigator.languages),
  setLocale: (locale) => {
    remember(kStorageKey, locale);
    set({ locale });
  },
}));
