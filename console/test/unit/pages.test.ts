// The pure parts of the pages: addresses, the cited span in a snapshot, groups of conversations, the palette.
// @vitest-environment happy-dom
import { describe, expect, test } from "vitest";
import type { ChatSummary } from "../../src/api/chats.ts";
import { decodeSnapshot } from "../../src/api/snapshots.ts";
import { pieces } from "../../src/components/markdown/sentinels.ts";
import { addSites, nextSearch, useOptions } from "../../src/features/chat/options.ts";
import { foldersOf, groupsOf } from "../../src/features/history/groups.ts";
import { narrow } from "../../src/features/palette/entries.ts";
import { applySettings, currentSettings } from "../../src/features/settings/sync.ts";
import { locate } from "../../src/features/snapshot/locate.ts";
import { addressAt, placeOf } from "../../src/lib/place.ts";
import { usePrefs } from "../../src/lib/prefs.ts";
import { routeOf, snapshotPath, spotOf } from "../../src/lib/router.ts";
import { kPage, snapshotJson, spanOf } from "../support/answer_fixture.ts";

test.each([
  ["/", { page: "chat", id: null }],
  ["/chat/c_1", { page: "chat", id: "c_1" }],
  ["/runs", { page: "runs" }],
  ["/runs/r%2F1", { page: "run", id: "r/1" }],
  ["/snapshots/ab", { page: "snapshot", hash: "ab" }],
  ["/keys/", { page: "keys" }],
  ["/nowhere", { page: "unknown" }],
  ["/chat", { page: "unknown" }],
  ["/chat/a/b", { page: "unknown" }],
  ["/runs/%E0%A4%A", { page: "run", id: "%E0%A4%A" }],
])("the address %s", (path, route) => {
  expect(routeOf(path)).toEqual(route);
});

test("a spot in an address", () => {
  const spot = { hash: "sha256-ab", start: 5, end: 9 };
  const url = new URL(snapshotPath(spot), "http://x");
  expect(spotOf(url.searchParams, "sha256-ab")).toEqual(spot);
  expect(spotOf(new URLSearchParams("snapshot=h&start=-4&end=1e99"))).toEqual({
    hash: "h",
    start: 0,
    end: 0,
  });
  expect(spotOf(new URLSearchParams("start=1"))).toBeNull();
});

describe("the cited span in a snapshot", () => {
  const snapshot = decodeSnapshot(snapshotJson());
  const highlighted = (text: string) =>
    /open.*?\|(.*)\|close/s.exec(
      pieces(text)
        .map((piece) => (piece.kind === "text" ? piece.text : piece.kind))
        .join("|"),
    )?.[1];

  test("nothing of the page is lost", () => {
    const { blocks } = locate(snapshot, { start: 0, end: 0 });
    expect(blocks.map(({ text }) => text).join("")).toBe(kPage);
    expect(blocks.some(({ cited }) => cited)).toBe(false);
  });

  test.each(["today only traces are seen.", "塞纳河下游直到波塞都受潮汐影响", "Until 1963 a bore", "1950"])(
    "%s",
    (quote) => {
      const located = locate(snapshot, spanOf(quote));
      expect(located.quote).toBe(quote);
      const cited = located.blocks.filter((block) => block.cited);
      expect(cited).toHaveLength(1);
      expect(highlighted(cited[0]?.text ?? "")).toBe(quote);
    },
  );

  test("over two blocks, both are cited", () => {
    const start = spanOf("At Rouen").start;
    const { end } = spanOf("Until 1963");
    const located = locate(snapshot, { start, end });
    expect(located.blocks.filter(({ cited, kind }) => cited && kind !== "")).toHaveLength(3);
    expect(located.headingPath).toEqual(["Tides of the Seine"]);
  });

  test("spans and blocks outside the page do no harm", () => {
    expect(locate(snapshot, { start: 1e9, end: 2e9 }).quote).toBe("");
    expect(locate(snapshot, spanOf("1950")).anchor).toBeNull();
    const paged = { ...snapshot, blocks: snapshot.blocks.map((block) => ({ ...block, anchor: "page=3" })) };
    expect(locate(paged, spanOf("1950")).anchor).toBe("page=3");
    const wild = {
      ...snapshot,
      blocks: [
        { kind: "p", start: 50, end: 20, headingPath: [], anchor: null },
        { kind: "p", start: 10, end: 1e9, headingPath: [], anchor: null },
      ],
    };
    expect(
      locate(wild, { start: 0, end: 5 })
        .blocks.map(({ text }) => text.length)
        .reduce((a, b) => a + b),
    ).toBeGreaterThan(kPage.length);
  });
});

test("a place in a document", () => {
  expect(placeOf("page=12")).toEqual({ kind: "page", name: "12" });
  expect(placeOf("sheet=Q1=Q2")).toEqual({ kind: "sheet", name: "Q1=Q2" });
  for (const none of [null, "", "page=", "zoom=4", "xpage=1"]) expect(placeOf(none)).toBeNull();
  expect(addressAt("https://a.example/b.pdf", "page=12")).toBe("https://a.example/b.pdf#page=12");
  expect(addressAt("https://a.example/b.pdf#p", "page=12")).toBe("https://a.example/b.pdf#p");
  expect(addressAt("https://a.example/b.pptx", "slide=2")).toBe("https://a.example/b.pptx");
  expect(addressAt("file:f_0-9a/a#b.pdf", "page=3")).toBe("/api/files/f_0-9a/original#page=3");
  expect(addressAt("file:f_0-9a/a.pptx", "slide=3")).toBe("/api/files/f_0-9a/original");
});

describe("groups of conversations", () => {
  const now = new Date(2026, 0, 3, 12);
  const chat = (id: string, daysAgo: number, more: Partial<ChatSummary> = {}): ChatSummary => ({
    id,
    title: id,
    folder: "",
    pinned: false,
    archived: false,
    createdAt: "",
    updatedAt: new Date(now.getTime() - daysAgo * 86_400_000).toISOString(),
    messageCount: 1,
    snippet: "",
    ...more,
  });
  const list = [
    chat("a", 0),
    chat("b", 1),
    chat("c", 4),
    chat("d", 40),
    chat("e", 0, { pinned: true, folder: "F" }),
    chat("f", 0, { folder: "F" }),
    chat("g", 0, { folder: "A" }),
    chat("h", 0, { updatedAt: "nonsense" }),
  ];

  test("pinned, folders by name, then by day", () => {
    const named = groupsOf(list, now).map((group) => [
      group.kind === "folder" ? group.name : group.kind,
      group.chats.map(({ id }) => id).join(),
    ]);
    expect(named).toEqual([
      ["pinned", "e"],
      ["A", "g"],
      ["F", "f"],
      ["today", "a"],
      ["yesterday", "b"],
      ["week", "c"],
      ["older", "d,h"],
    ]);
    expect(foldersOf(list)).toEqual(["A", "F"]);
    expect(groupsOf([], now)).toEqual([]);
  });
});

test("the palette: all words must stand there, beginnings come first", () => {
  const entry = (label: string, words = "") => ({
    id: label,
    label,
    kind: "page",
    words,
    run: () => undefined,
  });
  const entries = [entry("API keys"), entry("Keyboard"), entry("Status", "/go status")];
  expect(narrow(entries, "key").map(({ label }) => label)).toEqual(["Keyboard", "API keys"]);
  expect(narrow(entries, "/go st").map(({ label }) => label)).toEqual(["Status"]);
  expect(narrow(entries, "api nothing")).toEqual([]);
  expect(narrow(entries, "  ")).toHaveLength(3);
});

describe("the options of a question", () => {
  test("search goes auto, on, off", () => {
    expect(nextSearch("auto")).toBe("on");
    expect(nextSearch("on")).toBe("off");
    expect(nextSearch("off")).toBe("auto");
  });

  test("sites are addresses; what is none comes back", () => {
    useOptions.setState({ sites: [] });
    expect(addSites("docs.example.org, http://127.0.0.1:9000 nonsense http://")).toBe("nonsense http://");
    expect(useOptions.getState().sites).toEqual(["https://docs.example.org", "http://127.0.0.1:9000"]);
    expect(addSites("https://docs.example.org")).toBe("");
    expect(useOptions.getState().sites).toHaveLength(2);
  });

  test("settings of the server are taken where they are known, and become the defaults of a question", () => {
    applySettings({
      search: "off",
      think: "max",
      theme: "pink",
      send_key: "ctrl_enter",
      font_size: "huge",
      model: "m",
    });
    expect(usePrefs.getState()).toMatchObject({
      search: "off",
      think: "max",
      sendKey: "ctrl_enter",
      fontSize: "medium",
      model: "m",
    });
    expect(useOptions.getState()).toMatchObject({ search: "off", think: "max", effort: "max", model: "m" });
    expect(currentSettings()).toMatchObject({ search: "off", theme: "system", send_key: "ctrl_enter" });
  });
});
