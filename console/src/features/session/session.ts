// Signing in with the one-time link of the server. The token lives in the fragment of the address, which browsers
// never send; it is taken out of the address bar before anything else happens, so it stays in no history.
import { create } from "zustand";
import { ApiError } from "../../api/errors.ts";
import { openSession } from "../../api/session.ts";

export type SessionState =
  | { phase: "idle" } // nothing to trade in: the cookie decides
  | { phase: "opening" }
  | { phase: "opened" }
  | { phase: "refused" } // the server knows no such token (any more)
  | { phase: "failed"; token: string; error: unknown }; // no answer: the token may still be good

export const useSessionStore = create<SessionState>(() => ({ phase: "idle" }));

// Base64url, hex and the like; anything else is no token of ours.
const kTokenPattern = /^#token=([A-Za-z0-9._~-]{1,512})$/;

export function tokenIn(fragment: string): string | undefined {
  return kTokenPattern.exec(fragment)?.[1];
}

/** Takes a token out of the address, if one is there, and trades it in. */
export async function signInFromAddress(): Promise<void> {
  const token = tokenIn(location.hash);
  if (token === undefined) return;
  history.replaceState(null, "", location.pathname + location.search);
  await signIn(token);
}

export async function signIn(token: string): Promise<void> {
  useSessionStore.setState({ phase: "opening" }, true);
  try {
    await openSession(token);
    useSessionStore.setState({ phase: "opened" }, true);
  } catch (error) {
    const refused = error instanceof ApiError && error.failure === "unauthorized";
    useSessionStore.setState(refused ? { phase: "refused" } : { phase: "failed", token, error }, true);
  }
}

/** A link opened in a tab that already shows the console changes only the fragment: no page load tells of it. */
export function watchAddress(): void {
  addEventListener("hashchange", () => void signInFromAddress());
}
