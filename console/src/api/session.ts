// POST /api/session: trades a one-time token for the session cookie, which scripts cannot read.
import { call } from "./client.ts";

export function openSession(token: string): Promise<void> {
  return call("/api/session", { method: "POST", body: { token }, decode: () => undefined });
}
