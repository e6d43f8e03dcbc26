// The same question asked of what is rendered: with a catalogue that brackets every message, each letter on the page
// is in brackets, was sent by the server, or belongs to a number.
// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, type ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ApiError, type Failure } from "../../src/api/errors.ts";
import { decodeStatus } from "../../src/api/status.ts";
import { Shell } from "../../src/app/shell.tsx";
import { useSessionStore } from "../../src/features/session/session.ts";
import { useFeedStore } from "../../src/features/status/feed.ts";
import { SignInPage } from "../../src/pages/sign_in_page.tsx";
import { StatusView } from "../../src/pages/status_page.tsx";
import { statusJson } from "../support/status_fixture.ts";

vi.mock("../../src/i18n/en.ts", async (original) => {
  const { en } = await original<typeof import("../../src/i18n/en.ts")>();
  return { en: Object.fromEntries(Object.entries(en).map(([key, message]) => [key, `⟦${message}⟧`])) };
});

// Units and months as Intl writes them, names of metrics, and the commands.
const kFree =
  /\b[a-z]+(_[a-z]+)+\b|_[a-z]*|\b(MB|GB|kB|byte|ms|sec|Jan|[dhms])\b|seine (up|link|doctor|version)|https?:\/\/\S+/g;

/** What the server sends is set in capitals here, so that it is told apart from our words. */
function shout(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((entry) => shout(entry, key));
  if (typeof value === "object" && value !== null) {
    const loud = (name: string) => (key === "labels" ? name.toUpperCase() : name);
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [loud(name), shout(entry, name)]));
  }
  const kept =
    ["status", "type", "started_at", "listen"].includes(key) || value === "+Inf" || /_/.test(`${value}`);
  return typeof value === "string" && !kept ? value.toUpperCase() : value;
}

const kStatus = decodeStatus(shout(statusJson(3)));
const feed = { error: undefined, trying: false, retry: () => undefined };

async function lettersOutside(node: ReactNode): Promise<string[]> {
  const host = document.body.appendChild(document.createElement("div"));
  const root = createRoot(host);
  await act(() => root.render(<QueryClientProvider client={new QueryClient()}>{node}</QueryClientProvider>));
  const texts: string[] = [];
  for (const element of host.querySelectorAll("*")) {
    for (const name of ["aria-label", "title", "placeholder", "alt"])
      texts.push(element.getAttribute(name) ?? "");
    const own = [...element.childNodes].filter((child) => child.nodeType === Node.TEXT_NODE);
    texts.push(own.map((child) => child.textContent).join(""));
  }
  expect(texts.join("")).toContain("⟦");
  await act(() => root.unmount());
  host.remove();
  return texts
    .map((text) => {
      let rest = text;
      for (let before = ""; before !== rest; ) {
        before = rest;
        rest = rest.replace(/⟦[^⟦⟧]*⟧/g, "");
      }
      return rest.replace(kFree, "").trim();
    })
    .filter((rest) => /\p{Ll}|\p{Script=Han}/u.test(rest));
}

describe("every word on the page is the catalogue's or the server's", () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  afterEach(() => useSessionStore.setState({ phase: "idle" }, true));

  test("frame", async () => {
    vi.stubGlobal("fetch", () => new Promise(() => undefined)); // the list waits
    expect(await lettersOutside(<Shell route={{ page: "status" }}>{null}</Shell>)).toEqual([]);
    expect(await lettersOutside(<Shell route={null}>{null}</Shell>)).toEqual([]);
  });

  test("status page", async () => {
    expect(await lettersOutside(<StatusView feed={{ ...feed, status: kStatus }} />)).toEqual([]);
  });

  test("status page without anything to show", async () => {
    const empty = { ...kStatus, checks: [], metrics: [], listen: [] };
    expect(await lettersOutside(<StatusView feed={{ ...feed, status: empty }} />)).toEqual([]);
    expect(await lettersOutside(<StatusView feed={{ ...feed, status: undefined }} />)).toEqual([]);
  });

  const failures: Failure[] = [
    "unreachable",
    "timeout",
    "refused",
    "malformed",
    "unauthorized",
    "missing",
    "broken",
    "failed",
  ];
  test.each(failures)("failure: %s", async (failure) => {
    useFeedStore.setState({ awaySince: new Date(), nextTryAt: new Date(Date.now() + 4_000) });
    const error = new ApiError(failure, "ID-7", "DETAIL", 503);
    expect(await lettersOutside(<StatusView feed={{ ...feed, status: kStatus, error }} />)).toEqual([]);
  });

  test("sign-in", async () => {
    const page = <SignInPage opening={false} onCheckAgain={() => undefined} />;
    expect(await lettersOutside(page)).toEqual([]);
    useSessionStore.setState({ phase: "refused" }, true);
    expect(await lettersOutside(page)).toEqual([]);
    const error = new ApiError("unreachable", "ID-8", "");
    useSessionStore.setState({ phase: "failed", token: "T", error }, true);
    expect(await lettersOutside(page)).toEqual([]);
    expect(await lettersOutside(<SignInPage opening onCheckAgain={() => undefined} />)).toEqual([]);
  });
});
