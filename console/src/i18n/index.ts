// The way to words and numbers: `const { t, format } = useText()`.
import { useMemo } from "react";
import { type Catalogue, fill, type Key, type Values } from "./catalogue.ts";
import { en } from "./en.ts";
import { type Format, makeFormat } from "./format.ts";
import { type Locale, localeTag, useLocaleStore } from "./locale.ts";
import { zh } from "./zh.ts";

const catalogues: Record<Locale, Catalogue> = { en, zh };

export type Translate = <K extends Key>(key: K, ...values: Values<K>) => string;
export { locales, localeTag, useLocaleStore } from "./locale.ts";
export type { Format, Key, Locale };

export interface Text {
  locale: Locale;
  t: Translate;
  format: Format;
}

export function makeText(locale: Locale): Text {
  const catalogue = catalogues[locale];
  return {
    locale,
    t: (key, ...values) => fill(catalogue[key], values[0]),
    format: makeFormat(localeTag[locale]),
  };
}

export function useText(): Text {
  const locale = useLocaleStore((state) => state.locale);
  return useMemo(() => makeText(locale), [locale]);
}
