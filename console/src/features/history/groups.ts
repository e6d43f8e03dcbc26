// The list of conversations as the reader looks for them: pinned first, then folders, then by day. Pure.
import type { ChatSummary } from "../../api/chats.ts";

export const ages = ["today", "yesterday", "week", "older"] as const;

export type Group =
  | { kind: "pinned"; chats: ChatSummary[] }
  | { kind: "folder"; name: string; chats: ChatSummary[] }
  | { kind: (typeof ages)[number]; chats: ChatSummary[] };

const kDayMs = 86_400_000;

export function groupsOf(chats: readonly ChatSummary[], now: Date): Group[] {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const pinned: ChatSummary[] = [];
  const folders = new Map<string, ChatSummary[]>();
  const byAge: Record<(typeof ages)[number], ChatSummary[]> = {
    today: [],
    yesterday: [],
    week: [],
    older: [],
  };
  for (const chat of chats) {
    if (chat.pinned) pinned.push(chat);
    else if (chat.folder !== "") folders.set(chat.folder, [...(folders.get(chat.folder) ?? []), chat]);
    else byAge[ageOf(Date.parse(chat.updatedAt), midnight)].push(chat);
  }
  const named = [...folders].sort(([a], [b]) => a.localeCompare(b));
  const groups: Group[] = [
    { kind: "pinned", chats: pinned },
    ...named.map(([name, members]): Group => ({ kind: "folder", name, chats: members })),
    ...ages.map((kind): Group => ({ kind, chats: byAge[kind] })),
  ];
  return groups.filter((group) => group.chats.length > 0);
}

/** A time that cannot be read is old. */
function ageOf(at: number, midnight: number): (typeof ages)[number] {
  if (at >= midnight) return "today";
  if (at >= midnight - kDayMs) return "yesterday";
  return at >= midnight - 7 * kDayMs ? "week" : "older";
}

export function foldersOf(chats: readonly ChatSummary[]): string[] {
  return [...new Set(chats.map(({ folder }) => folder).filter((name) => name !== ""))].sort((a, b) =>
    a.localeCompare(b),
  );
}
