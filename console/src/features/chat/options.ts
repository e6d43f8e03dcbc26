// How the next question is to be answered. Each message has its own; the next one begins with the last one's.
import { create } from "zustand";
import { type SearchMode, searchModes, type ThinkMode } from "../../api/ask.ts";
import { usePrefs } from "../../lib/prefs.ts";

interface Options {
  search: SearchMode;
  think: ThinkMode;
  /** The effort that turning thinking on begins with. */
  effort: Exclude<ThinkMode, "off">;
  /** "" leaves the choice to the server. */
  model: string;
  sites: readonly string[];
}

const fromPrefs = (): Options => {
  const { search, think, model } = usePrefs.getState();
  return { search, think, effort: think === "off" ? "high" : think, model, sites: [] };
};

export const useOptions = create<Options>(fromPrefs);

/** A new conversation begins with the defaults of the settings. */
export function resetOptions(): void {
  useOptions.setState(fromPrefs());
}

// The defaults may arrive from the server after the page is shown.
usePrefs.subscribe((now, before) => {
  if (now.search !== before.search || now.think !== before.think || now.model !== before.model)
    resetOptions();
});

export function nextSearch(mode: SearchMode): SearchMode {
  return searchModes[(searchModes.indexOf(mode) + 1) % searchModes.length] ?? "auto";
}

const kSitesMax = 8;

/** Takes what was typed as one or more addresses; returns what is none. */
export function addSites(typed: string): string {
  const rest: string[] = [];
  let { sites } = useOptions.getState();
  for (const word of typed.split(/[\s,]+/).filter((each) => each !== "")) {
    const address = /^https?:\/\//i.test(word) ? word : `https://${word}`;
    const good = URL.canParse(address) && /[.:]|localhost/.test(new URL(address).host);
    if (!good || sites.length >= kSitesMax) rest.push(word);
    else if (!sites.includes(address)) sites = [...sites, address];
  }
  useOptions.setState({ sites });
  return rest.join(" ");
}

export function removeSite(site: string): void {
  useOptions.setState(({ sites }) => ({ sites: sites.filter((each) => each !== site) }));
}
