// Links to conversations: made and taken back by their owner, read by whoever has one.
import { type Chat, decodeChat } from "./chats.ts";
import { call } from "./client.ts";
import * as decode from "./decode.ts";

export interface Share {
  id: string;
  chatId: string;
  createdAt: string;
  expiresAt: string | null;
  path: string;
}

export interface SharedChat extends Pick<Chat, "title" | "messages"> {
  createdAt: string;
  expiresAt: string | null;
}

export function fetchShares(chatId: string, signal?: AbortSignal): Promise<Share[]> {
  return call(`/api/shares?chat=${encodeURIComponent(chatId)}`, {
    signal,
    decode: (body) => decode.page(body, "shares", decodeShare).items,
  });
}

/** messageId: the last message that is shown; without one the newest branch is. */
export function createShare(of: {
  chatId: string;
  messageId?: string | undefined;
  expiresInS: number | null;
}): Promise<Share> {
  return call(`/api/chats/${encodeURIComponent(of.chatId)}/shares`, {
    method: "POST",
    body: { message_id: of.messageId ?? null, expires_in_s: of.expiresInS },
    decode: (body) => decodeShare(body, "share"),
  });
}

export function deleteShare(id: string): Promise<void> {
  return call(`/api/shares/${encodeURIComponent(id)}`, { method: "DELETE", decode: () => undefined });
}

export function fetchShared(id: string, signal?: AbortSignal): Promise<SharedChat> {
  return call(`/api/shared/${encodeURIComponent(id)}`, { signal, decode: decodeShared });
}

export function decodeShared(value: unknown): SharedChat {
  const json = decode.object(value, "shared");
  const { title, messages } = decodeChat({ ...json, id: "" });
  return {
    title,
    messages,
    createdAt: decode.string(json.created_at, "shared.created_at"),
    expiresAt: decode.optional(json.expires_at, "shared.expires_at", decode.string, null),
  };
}

function decodeShare(value: unknown, path: string): Share {
  const json = decode.object(value, path);
  return {
    id: decode.string(json.id, `${path}.id`),
    chatId: decode.string(json.chat_id, `${path}.chat_id`),
    createdAt: decode.string(json.created_at, `${path}.created_at`),
    expiresAt: decode.optional(json.expires_at, `${path}.expires_at`, decode.string, null),
    path: decode.string(json.path, `${path}.path`),
  };
}
