// Light, dark, or what the system says. The choice is an attribute on <html>; tokens.css does the rest.
import { useSyncExternalStore } from "react";
import { create } from "zustand";
import { remember, remembered } from "./storage.ts";

export const themes = ["light", "system", "dark"] as const;
export type Theme = (typeof themes)[number];

const kStorageKey = "seine.theme";
const kDarkQuery = "(prefers-color-scheme: dark)";

interface ThemeState {
  theme: Theme;
  setTheme: (theme: Theme) => void;
}

export const useThemeStore = create<ThemeState>((set) => ({
  theme: remembered(kStorageKey, themes) ?? "system",
  setTheme: (theme) => {
    remember(kStorageKey, theme);
    set({ theme });
  },
}));

/** Keeps <html data-theme> in step with the choice; called once, before the first paint. */
export function applyTheme(): void {
  const apply = ({ theme }: ThemeState) => {
    document.documentElement.dataset.theme = theme;
  };
  apply(useThemeStore.getState());
  useThemeStore.subscribe(apply);
}

function subscribeToSystem(onChange: () => void): () => void {
  const query = matchMedia(kDarkQuery);
  query.addEventListener("change", onChange);
  return () => query.removeEventListener("change", onChange);
}

/** The theme in force, for what cannot follow CSS by itself: the canvas of a chart. */
export function useResolvedTheme(): "light" | "dark" {
  const theme = useThemeStore((state) => state.theme);
  const systemDark = useSyncExternalStore(subscribeToSystem, () => matchMedia(kDarkQuery).matches);
  if (theme !== "system") return theme;
  return systemDark ? "dark" : "light";
}
