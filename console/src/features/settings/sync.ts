// Settings live in this browser for the first paint, and at the server for every other browser. What the server has
// is taken when the page opens; what changes here is sent a moment later, all of it.
import { create } from "zustand";
import { queryClient, settingsQuery } from "../../api/queries.ts";
import { type Settings, saveSettings } from "../../api/settings.ts";
import { locales, useLocaleStore } from "../../i18n/index.ts";
import {
  densities,
  fontSizes,
  type Prefs,
  searchChoices,
  sendKeys,
  thinkChoices,
  usePrefs,
} from "../../lib/prefs.ts";
import { forget, remember, remembered } from "../../lib/storage.ts";
import { themes, useThemeStore } from "../../lib/theme.ts";

const kSaveAfterMs = 600;
const kUnsaved = "seine.unsaved";

/** error: why the last choice is only in this browser. */
export const useSaving = create<{ state: "idle" | "saving" | "saved" | "failed"; error: unknown }>(() => ({
  state: "idle",
  error: undefined,
}));

let applying = false;
let changes = 0;
// A choice that the server has not heard of yet; a page loaded anew still knows it.
let unsaved = remembered(kUnsaved, ["yes"]) === "yes";
let timer: ReturnType<typeof setTimeout> | undefined;

const known = <T extends string>(value: string | null | undefined, choices: readonly T[]): T | undefined =>
  choices.find((choice) => choice === value);

/**
 * What the server knows and this console understands wins over what this browser remembers, but for a choice that is
 * newer than what the server knows: that is sent.
 */
export function applySettings(settings: Settings): void {
  if (unsaved) {
    saveNow();
    return;
  }
  applying = true;
  const language = known(settings.language, locales);
  if (language) useLocaleStore.getState().setLocale(language);
  const theme = known(settings.theme, themes);
  if (theme) useThemeStore.getState().setTheme(theme);
  const change: Partial<Prefs> = {};
  const fontSize = known(settings.font_size, fontSizes);
  if (fontSize) change.fontSize = fontSize;
  const density = known(settings.density, densities);
  if (density) change.density = density;
  const sendKey = known(settings.send_key, sendKeys);
  if (sendKey) change.sendKey = sendKey;
  const search = known(settings.search, searchChoices);
  if (search) change.search = search;
  const think = known(settings.think, thinkChoices);
  if (think) change.think = think;
  if (typeof settings.model === "string") change.model = settings.model;
  if (Object.keys(change).length > 0) usePrefs.getState().setPrefs(change);
  applying = false;
}

export function currentSettings(): Settings {
  const { fontSize, density, sendKey, search, think, model } = usePrefs.getState();
  return {
    language: useLocaleStore.getState().locale,
    theme: useThemeStore.getState().theme,
    font_size: fontSize,
    density,
    send_key: sendKey,
    search,
    think,
    model: model === "" ? null : model,
  };
}

async function save(): Promise<void> {
  useSaving.setState({ state: "saving", error: undefined });
  const settings = currentSettings();
  const sent = changes;
  try {
    await saveSettings(settings);
    if (sent !== changes) return; // chosen anew meanwhile: what was sent is old, and the next save is due
    unsaved = false;
    forget(kUnsaved);
    queryClient.setQueryData<Settings>(settingsQuery.queryKey, settings);
    useSaving.setState({ state: "saved", error: undefined });
  } catch (error) {
    useSaving.setState({ state: "failed", error });
  }
}

export function saveNow(): void {
  clearTimeout(timer);
  void save();
}

/** Called once, when there is a session: from then on choices are sent. */
export function watchSettings(): () => void {
  const changed = () => {
    if (applying) return;
    changes += 1;
    unsaved = true;
    remember(kUnsaved, "yes");
    useSaving.setState({ state: "saving", error: undefined }); // "saved" was said of an older choice
    clearTimeout(timer);
    timer = setTimeout(() => void save(), kSaveAfterMs);
  };
  const stops = [
    useLocaleStore.subscribe(changed),
    useThemeStore.subscribe(changed),
    usePrefs.subscribe(changed),
  ];
  return () => {
    clearTimeout(timer);
    for (const stop of stops) stop();
  };
}
