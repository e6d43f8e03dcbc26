// The person's choices as the server keeps them, so that another browser finds them again. What is absent was never
// chosen.
import { call } from "./client.ts";
import * as decode from "./decode.ts";

export interface Settings {
  language?: string;
  theme?: string;
  font_size?: string;
  density?: string;
  model?: string | null;
  search?: string;
  think?: string;
  send_key?: string;
}

export function fetchSettings(signal?: AbortSignal): Promise<Settings> {
  return call("/api/settings", { signal, decode: decodeSettings });
}

export function saveSettings(settings: Settings): Promise<void> {
  return call("/api/settings", { method: "PUT", body: settings, decode: () => undefined });
}

/** Values of other types than a word are left out: whoever uses a word checks that it knows it. */
function decodeSettings(body: unknown): Settings {
  const json = decode.object(body, "settings");
  return Object.fromEntries(Object.entries(json).filter(([, value]) => typeof value === "string"));
}
