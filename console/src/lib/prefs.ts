// The reader's choices beside language and theme. Kept in this browser, and by features/settings at the server.
import { create } from "zustand";
import { remember, remembered } from "./storage.ts";

export const fontSizes = ["small", "medium", "large"] as const;
export const densities = ["comfortable", "compact"] as const;
export const sendKeys = ["enter", "ctrl_enter"] as const;
export const searchChoices = ["auto", "on", "off"] as const;
export const thinkChoices = ["off", "low", "high", "max"] as const;

export interface Prefs {
  fontSize: (typeof fontSizes)[number];
  density: (typeof densities)[number];
  sendKey: (typeof sendKeys)[number];
  search: (typeof searchChoices)[number];
  think: (typeof thinkChoices)[number];
  /** The model new conversations begin with; "" leaves the choice to the server. */
  model: string;
}

interface PrefsState extends Prefs {
  setPrefs: (change: Partial<Prefs>) => void;
}

const kKey = (name: keyof Prefs) => `seine.${name}`;

export const usePrefs = create<PrefsState>((set) => ({
  fontSize: remembered(kKey("fontSize"), fontSizes) ?? "medium",
  density: remembered(kKey("density"), densities) ?? "comfortable",
  sendKey: remembered(kKey("sendKey"), sendKeys) ?? "enter",
  search: remembered(kKey("search"), searchChoices) ?? "auto",
  think: remembered(kKey("think"), thinkChoices) ?? "off",
  model: "",
  setPrefs: (change) => {
    for (const [name, value] of Object.entries(change)) remember(kKey(name as keyof Prefs), value);
    set(change);
  },
}));

/** Keeps <html data-font-size data-density> in step; called once, before the first paint. */
export function applyPrefs(): void {
  const apply = ({ fontSize, density }: Prefs) => {
    document.documentElement.dataset.fontSize = fontSize;
    document.documentElement.dataset.density = density;
  };
  apply(usePrefs.getState());
  usePrefs.subscribe(apply);
}
