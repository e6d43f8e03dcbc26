// API keys: made here, shown once, revoked here. The server keeps only their hash.
import { call } from "./client.ts";
import * as decode from "./decode.ts";

export const scopes = ["chat", "models", "embeddings", "admin"] as const;
export type Scope = (typeof scopes)[number];

export interface Key {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  requestsPerMinute: number | null;
  tokensPerMinute: number | null;
  revoked: boolean;
}

export interface KeyRequest {
  name: string;
  scopes: Scope[];
  expiresInS: number | null;
  requestsPerMinute: number | null;
  tokensPerMinute: number | null;
}

export function fetchKeys(signal?: AbortSignal): Promise<Key[]> {
  return call("/api/keys", { signal, decode: (body) => decode.page(body, "keys", decodeKey).items });
}

/** The key itself is in the answer and nowhere else, ever again. */
export function createKey(request: KeyRequest): Promise<{ key: Key; secret: string }> {
  return call("/api/keys", {
    method: "POST",
    body: {
      name: request.name,
      scopes: request.scopes,
      ...(request.expiresInS === null ? {} : { expires_in_s: request.expiresInS }),
      ...(request.requestsPerMinute === null ? {} : { requests_per_minute: request.requestsPerMinute }),
      ...(request.tokensPerMinute === null ? {} : { tokens_per_minute: request.tokensPerMinute }),
    },
    decode: (body) => ({
      key: decodeKey(body, "key"),
      secret: decode.string(decode.object(body, "key").key, "key.key"),
    }),
  });
}

export function revokeKey(id: string): Promise<void> {
  return call(`/api/keys/${encodeURIComponent(id)}`, { method: "DELETE", decode: () => undefined });
}

function decodeKey(value: unknown, path: string): Key {
  const json = decode.object(value, path);
  const text = (name: string) => decode.optional(json[name], `${path}.${name}`, decode.string, null);
  const limit = (name: string) => decode.optional(json[name], `${path}.${name}`, decode.number, null) || null;
  return {
    id: decode.string(json.id, `${path}.id`),
    name: text("name") ?? "",
    prefix: text("prefix") ?? "",
    scopes: decode.array(json.scopes ?? [], `${path}.scopes`, decode.string),
    createdAt: text("created_at") ?? "",
    expiresAt: text("expires_at"),
    lastUsedAt: text("last_used_at"),
    requestsPerMinute: limit("requests_per_minute"),
    tokensPerMinute: limit("tokens_per_minute"),
    revoked: decode.optional(json.revoked, `${path}.revoked`, decode.boolean, false),
  };
}
