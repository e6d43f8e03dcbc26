// Conversations kept on the server: their list, their messages with all branches, and what may be done to them.
import { type Answer, decodeAnswer } from "./answer.ts";
import { call } from "./client.ts";
import * as decode from "./decode.ts";

export interface ChatSummary {
  id: string;
  title: string;
  folder: string;
  pinned: boolean;
  archived: boolean;
  createdAt: string;
  updatedAt: string;
  messageCount: number;
  /** Where the search found its words; empty without a search. */
  snippet: string;
}

export interface Message {
  id: string;
  parentId: string | null;
  role: "user" | "assistant";
  text: string;
  /** Of an answer: "running" while it is made, then what became of it. */
  state: string;
  createdAt: string;
  runId: string | null;
  answer: Answer | null;
}

export interface Chat extends ChatSummary {
  messages: Message[];
}

export interface ChatFilter {
  query?: string;
  folder?: string;
  archived?: boolean;
}

const kListMax = 200;
const at = (id: string) => `/api/chats/${encodeURIComponent(id)}`;
const nothing = () => undefined;

export function fetchChats(filter: ChatFilter, signal?: AbortSignal): Promise<ChatSummary[]> {
  const query = new URLSearchParams({ limit: String(kListMax) });
  if (filter.query) query.set("query", filter.query);
  if (filter.folder) query.set("folder", filter.folder);
  query.set("archived", filter.archived ? "true" : "false");
  return call(`/api/chats?${query}`, {
    signal,
    decode: (body) => decode.page(body, "chats", decodeSummary).items,
  });
}

export function fetchChat(id: string, signal?: AbortSignal): Promise<Chat> {
  return call(at(id), { signal, decode: (body) => decodeChat(body) });
}

export function createChat(title: string): Promise<ChatSummary> {
  return call("/api/chats", {
    method: "POST",
    body: { title },
    decode: (body) => decodeSummary(body, "chat"),
  });
}

export type ChatChange = Partial<Pick<ChatSummary, "title" | "folder" | "pinned" | "archived">>;

export function changeChat(id: string, change: ChatChange): Promise<void> {
  return call(at(id), { method: "PATCH", body: change, decode: nothing });
}

export function deleteChat(id: string): Promise<void> {
  return call(at(id), { method: "DELETE", decode: nothing });
}

export function restoreChat(id: string): Promise<void> {
  return call(`${at(id)}/restore`, { method: "POST", body: {}, decode: nothing });
}

export function deleteMessage(chatId: string, messageId: string): Promise<void> {
  return call(`${at(chatId)}/messages/${encodeURIComponent(messageId)}`, {
    method: "DELETE",
    decode: nothing,
  });
}

export function exportAddress(id: string, format: "md" | "json"): string {
  return `${at(id)}/export?format=${format}`;
}

export function decodeSummary(value: unknown, path: string): ChatSummary {
  const json = decode.object(value, path);
  const text = (name: string) => decode.optional(json[name], `${path}.${name}`, decode.string, "");
  const flag = (name: string) => decode.optional(json[name], `${path}.${name}`, decode.boolean, false);
  return {
    id: decode.string(json.id, `${path}.id`),
    title: text("title"),
    folder: text("folder"),
    pinned: flag("pinned"),
    archived: flag("archived"),
    createdAt: text("created_at"),
    updatedAt: text("updated_at"),
    messageCount: decode.optional(json.message_count, `${path}.message_count`, decode.number, 0),
    snippet: text("snippet"),
  };
}

export function decodeChat(value: unknown): Chat {
  const json = decode.object(value, "chat");
  return {
    ...decodeSummary(value, "chat"),
    messages: decode.array(json.messages ?? [], "chat.messages", decodeMessage),
  };
}

function decodeMessage(value: unknown, path: string): Message {
  const json = decode.object(value, path);
  const text = (name: string) => decode.optional(json[name], `${path}.${name}`, decode.string, null);
  return {
    id: decode.string(json.id, `${path}.id`),
    parentId: text("parent_id") || null,
    role: decode.oneOf(json.role, `${path}.role`, ["user", "assistant"]),
    text: text("text") ?? "",
    state: text("state") ?? "complete",
    createdAt: text("created_at") ?? "",
    runId: text("run_id") || null,
    answer: decode.optional(json.answer, `${path}.answer`, decodeAnswer, null),
  };
}
