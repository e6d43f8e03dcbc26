// Where searches go: the providers that are configured, and how they fare.
import { call } from "./client.ts";
import * as decode from "./decode.ts";

export const providerStates = ["ready", "no_key", "down", "quota"] as const;

export interface Provider {
  id: string;
  state: (typeof providerStates)[number];
  /** Of a call, with its currency; null where it costs nothing. */
  cost: string | null;
  /** The median of its last answers. */
  p50Ms: number | null;
}

/** The one that searches no network. */
export const kOwnIndex = "index";

export function fetchProviders(signal?: AbortSignal): Promise<Provider[]> {
  return call("/api/search_providers", {
    signal,
    decode: (body) => decode.page(body, "providers", decodeProvider).items,
  });
}

function decodeProvider(value: unknown, path: string): Provider {
  const json = decode.object(value, path);
  const state = decode.string(json.state, `${path}.state`);
  return {
    id: decode.string(json.id, `${path}.id`),
    // A state that this console does not know is no reason to call the provider ready.
    state: providerStates.find((known) => known === state) ?? "down",
    cost: decode.optional(json.cost, `${path}.cost`, decode.string, null),
    p50Ms: decode.optional(json.p50_ms, `${path}.p50_ms`, decode.number, null),
  };
}
