// How answers of the server are cached between pages: one key for each thing, so that a change in one place is seen
// in all.
import { QueryClient, queryOptions } from "@tanstack/react-query";
import { type ChatFilter, fetchChat, fetchChats } from "./chats.ts";
import { fetchKeys } from "./keys.ts";
import { fetchModels } from "./models.ts";
import { fetchPrompts } from "./prompts.ts";
import { fetchProviders } from "./providers.ts";
import { fetchRun } from "./runs.ts";
import { fetchSettings } from "./settings.ts";
import { fetchShared, fetchShares } from "./shares.ts";
import { fetchSnapshot } from "./snapshots.ts";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: false, // errors stand in place with a button
      networkMode: "always", // a server on loopback answers without any network
      staleTime: 5_000,
      refetchOnWindowFocus: true,
    },
    mutations: { networkMode: "always", retry: false },
  },
});

export const chatsQuery = (filter: ChatFilter) =>
  queryOptions({ queryKey: ["chats", filter], queryFn: ({ signal }) => fetchChats(filter, signal) });

export const chatQuery = (id: string) =>
  queryOptions({ queryKey: ["chat", id], queryFn: ({ signal }) => fetchChat(id, signal) });

export const modelsQuery = queryOptions({
  queryKey: ["models"],
  queryFn: ({ signal }) => fetchModels(signal),
});

export const providersQuery = queryOptions({
  queryKey: ["providers"],
  queryFn: ({ signal }) => fetchProviders(signal),
});

export const promptsQuery = queryOptions({
  queryKey: ["prompts"],
  queryFn: ({ signal }) => fetchPrompts(signal),
});

export const keysQuery = queryOptions({ queryKey: ["keys"], queryFn: ({ signal }) => fetchKeys(signal) });

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ["run", id],
    queryFn: ({ signal }) => fetchRun(id, signal),
    refetchInterval: ({ state }) => (state.data?.state === "running" ? 2_000 : false),
  });

/** A snapshot never changes: its name is its content's hash. */
export const snapshotQuery = (hash: string, share?: string) =>
  queryOptions({
    queryKey: ["snapshot", hash, share],
    queryFn: ({ signal }) => fetchSnapshot(hash, share, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const sharesQuery = (chatId: string) =>
  queryOptions({ queryKey: ["shares", chatId], queryFn: ({ signal }) => fetchShares(chatId, signal) });

/** What a link shows stays as it was when the link was made. */
export const sharedQuery = (id: string) =>
  queryOptions({
    queryKey: ["shared", id],
    queryFn: ({ signal }) => fetchShared(id, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const settingsQuery = queryOptions({
  queryKey: ["settings"],
  queryFn: ({ signal }) => fetchSettings(signal),
  staleTime: Number.POSITIVE_INFINITY,
});

/** After anything that may change titles, order or folders in the list of chats. */
export function chatsChanged(): void {
  void queryClient.invalidateQueries({ queryKey: ["chats"] });
}
