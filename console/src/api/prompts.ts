// Texts kept for the composer, by name; {{name}} in one stands for what is filled in at each use.
import { call } from "./client.ts";
import * as decode from "./decode.ts";

export interface Prompt {
  name: string;
  text: string;
}

const at = (name: string) => `/api/prompts/${encodeURIComponent(name)}`;
const nothing = () => undefined;

export function fetchPrompts(signal?: AbortSignal): Promise<Prompt[]> {
  return call("/api/prompts", {
    signal,
    decode: (body) =>
      decode.page(body, "prompts", (value, path) => {
        const json = decode.object(value, path);
        return {
          name: decode.string(json.name, `${path}.name`),
          text: decode.string(json.text, `${path}.text`),
        };
      }).items,
  });
}

/** Keeps it in the place of the one with its name. */
export function savePrompt({ name, text }: Prompt): Promise<void> {
  return call(at(name), { method: "PUT", body: { text }, decode: nothing });
}

export function removePrompt(name: string): Promise<void> {
  return call(at(name), { method: "DELETE", decode: nothing });
}
