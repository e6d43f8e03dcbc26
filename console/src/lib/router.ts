// Which page the address names. The fragment belongs to sign-in links; everything else is path and query.
import { create } from "zustand";

export type Route =
  | { page: "chat"; id: string | null }
  | { page: "runs" }
  | { page: "run"; id: string }
  | { page: "snapshot"; hash: string }
  | { page: "shared"; id: string }
  | { page: "models" }
  | { page: "keys" }
  | { page: "settings" }
  | { page: "status" }
  | { page: "unknown" };

/** Where a cited span stands: the snapshot, and bytes in it. */
export interface Spot {
  hash: string;
  start: number;
  end: number;
}

export function routeOf(path: string): Route {
  const parts = path.split("/").filter((part) => part !== "");
  const [first, second] = parts.map(decodeOnce);
  if (first === undefined) return { page: "chat", id: null };
  if (second === undefined) {
    switch (first) {
      case "runs":
      case "models":
      case "keys":
      case "settings":
      case "status":
        return { page: first };
    }
  }
  if (parts.length === 2 && second) {
    if (first === "chat") return { page: "chat", id: second };
    if (first === "runs") return { page: "run", id: second };
    if (first === "shared") return { page: "shared", id: second };
    if (first === "snapshots") return { page: "snapshot", hash: second };
  }
  return { page: "unknown" };
}

function decodeOnce(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const chatPath = (id: string) => `/chat/${encodeURIComponent(id)}`;
export const runPath = (id: string) => `/runs/${encodeURIComponent(id)}`;
export const snapshotPath = ({ hash, start, end }: Spot) =>
  `/snapshots/${encodeURIComponent(hash)}?start=${start}&end=${end}`;

/** A page of the documentation, which the server shows itself: "" is its table of contents. */
export const docsPath = (locale: string, page = "") =>
  `/docs${locale === "zh" ? "/zh" : ""}${page === "" ? "" : `/${page}`}`;

/** The spot in a query: `?snapshot=HASH&start=&end=` beside a page, `?start=&end=` on the snapshot's own page. */
export function spotOf(query: URLSearchParams, hash = query.get("snapshot")): Spot | null {
  if (!hash) return null;
  const number = (name: string) => {
    const value = Number(query.get(name) ?? 0);
    return Number.isSafeInteger(value) && value >= 0 ? value : 0;
  };
  return { hash, start: number("start"), end: number("end") };
}

interface RouterState {
  path: string;
  query: string;
}

const here = (): RouterState => ({ path: location.pathname, query: location.search });

export const useRouter = create<RouterState>(here);

export function navigate(to: string, how: "push" | "replace" = "push"): void {
  if (to === location.pathname + location.search) return;
  if (how === "push") history.pushState(null, "", to);
  else history.replaceState(null, "", to);
  useRouter.setState(here());
}

/** Opens a spot beside the page that is shown, or closes it with null. The way back closes it too. */
export function showSpot(spot: Spot | null): void {
  const query = new URLSearchParams(location.search);
  const wasOpen = query.has("snapshot");
  for (const name of ["snapshot", "start", "end"]) query.delete(name);
  if (spot) {
    query.set("snapshot", spot.hash);
    query.set("start", String(spot.start));
    query.set("end", String(spot.end));
  }
  const text = query.toString();
  navigate(location.pathname + (text === "" ? "" : `?${text}`), wasOpen && spot ? "replace" : "push");
}

export function watchHistory(): void {
  addEventListener("popstate", () => useRouter.setState(here()));
}
