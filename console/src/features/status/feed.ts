// The status of the server, read every two seconds for as long as the page is open. When the server is away the
// tries grow rarer, up to one in thirty seconds, and the last reading stays.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { create } from "zustand";
import { ApiError } from "../../api/errors.ts";
import { fetchStatus, type Status } from "../../api/status.ts";
import { extend, type History, sampleOf } from "./history.ts";

const kPollMs = 2_000;
const kBackoffMs = [2_000, 4_000, 8_000, 15_000, 30_000] as const;
const kQueryKey = ["status"];

interface FeedState {
  history: History;
  /** Tries in a row without an answer. */
  failures: number;
  awaySince: Date | undefined;
  nextTryAt: Date | undefined;
  answeredAt: Date | undefined;
}

export const useFeedStore = create<FeedState>(() => ({
  history: [],
  failures: 0,
  awaySince: undefined,
  nextTryAt: undefined,
  answeredAt: undefined,
}));

export function backoffMs(failures: number): number {
  return kBackoffMs[Math.min(failures, kBackoffMs.length) - 1] ?? kPollMs;
}

async function poll(signal: AbortSignal): Promise<Status> {
  try {
    const status = await fetchStatus(signal);
    const now = new Date();
    useFeedStore.setState(({ history }) => ({
      history: extend(history, sampleOf(status, now.getTime())),
      failures: 0,
      awaySince: undefined,
      nextTryAt: undefined,
      answeredAt: now,
    }));
    return status;
  } catch (error) {
    if (!signal.aborted && !isUnauthorized(error)) noteFailure();
    throw error;
  }
}

function noteFailure(): void {
  const now = new Date();
  useFeedStore.setState(({ history, failures, awaySince }) => ({
    history: extend(history, { at: now.getTime() }),
    failures: failures + 1,
    awaySince: awaySince ?? now,
    nextTryAt: new Date(now.getTime() + backoffMs(failures + 1)),
  }));
}

export interface Feed {
  /** The last reading, if there was one. */
  status: Status | undefined;
  /** Why the last try failed; undefined while the server answers. */
  error: unknown;
  trying: boolean;
  retry: () => void;
}

export function isUnauthorized(error: unknown): boolean {
  return error instanceof ApiError && error.failure === "unauthorized";
}

/** enabled: false while there is no point in asking. */
export function useFeed(enabled: boolean): Feed {
  const client = useQueryClient();
  const query = useQuery({
    queryKey: kQueryKey,
    queryFn: ({ signal }) => poll(signal),
    enabled,
    // Without a session there is nothing to wait for; coming back to the tab asks again.
    refetchInterval: ({ state }) =>
      isUnauthorized(state.error) ? false : backoffMs(useFeedStore.getState().failures),
    refetchIntervalInBackground: true,
    refetchOnWindowFocus: true,
    networkMode: "always", // a server on loopback answers without any network
    retry: false,
    staleTime: 0,
    structuralSharing: false, // every reading differs
  });
  const retry = useCallback(() => client.invalidateQueries({ queryKey: kQueryKey }), [client]);
  return { status: query.data, error: query.error ?? undefined, trying: query.isFetching, retry };
}
