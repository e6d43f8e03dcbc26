// What the pages beside the conversation do: the list of conversations, runs, models, keys, settings, and the keys
// that work everywhere.
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { axeViolations } from "../support/axe.ts";
import { chromiumIsThere, launch, openPage, screenshot, type Watched } from "../support/browser.ts";
import { fill } from "../support/scenes.ts";
import { ScriptedServer } from "../support/server.ts";

const kDist = new URL("../../dist", import.meta.url).pathname;
const kNetworkNoise = /^console: Failed to load resource/;

describe.skipIf(!chromiumIsThere)("the pages in a browser", () => {
  let browser: Browser;
  let server: ScriptedServer;
  let watched: Watched;
  let talk: string;

  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    server = new ScriptedServer(kDist);
    await server.start();
    talk = fill(server.api, "en");
  });
  afterEach(async () => {
    await watched.close();
    await server.stop();
    expect(watched.complaints.filter((complaint) => !kNetworkNoise.test(complaint))).toEqual([]);
  });

  async function open(path = "/", options: BrowserContextOptions = {}): Promise<Page> {
    watched = await openPage(browser, options);
    await watched.page.goto(server.origin + path);
    return watched.page;
  }

  const line = (page: Page, title: string) => page.getByRole("listitem").filter({ hasText: title }).last();
  const act = async (page: Page, title: string, action: string) => {
    await page.getByRole("button", { name: `Actions for “${title}”` }).click();
    await page.getByRole("menuitem", { name: action, exact: true }).click();
  };
  const kOld = "Why is the water brown in spring?";

  test("conversations are found by what was said in them", async () => {
    const page = await open();
    await page.getByRole("link", { name: kOld }).waitFor();
    await page.getByRole("searchbox", { name: "Search conversations" }).fill("dredging");
    await expect.poll(() => page.locator(".chat-line").count()).toBe(1);
    await page.getByText("found dredging").waitFor();
    await page.getByRole("searchbox").fill("zebra");
    await page.getByText("Nothing was said about “zebra”.").waitFor();
  });

  for (const [name, options] of [
    ["desktop", { viewport: { width: 1280, height: 900 } }],
    ["phone", { viewport: { width: 390, height: 844 }, colorScheme: "dark" }],
  ] as const) {
    test(`a link shows a conversation with its sources: ${name}`, async () => {
      const page = await open(`/shared/${talk}`, options);
      await page.locator("button.cite").first().waitFor();
      expect(await page.getByRole("textbox").count()).toBe(0);
      await screenshot(page, `shared-${name}`);
      await page.locator("button.cite").first().click();
      await page.locator(".snapshot-body mark").first().waitFor();
      await screenshot(page, `shared-source-${name}`);
      expect(await axeViolations(page)).toEqual([]);
      const widest = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(widest).toBeLessThanOrEqual(options.viewport.width);
      expect(server.api.calls.every((call) => call.startsWith("GET /api/shared/"))).toBe(true);
    });
  }

  test("a link that was taken back says so", async () => {
    const page = await open("/shared/none");
    await page.getByRole("heading", { name: "This link shows nothing any more" }).waitFor();
  });

  test("several conversations are deleted at once, and had back", async () => {
    server.api.chats.clear();
    for (const title of ["One", "Two", "Three"]) server.api.addChat(title);
    const page = await open();
    const rail = page.getByRole("complementary");
    await rail.getByRole("button", { name: "Choose several" }).click();
    await rail.getByRole("checkbox", { name: "One" }).check();
    await rail.getByRole("checkbox", { name: "Three" }).check();
    await rail.getByText("Chosen: 2").waitFor();
    await screenshot(page, "choosing");
    expect(await axeViolations(page)).toEqual([]);
    await rail.getByRole("button", { name: "Delete" }).click();
    await expect.poll(() => [...server.api.chats.values()].map(({ title }) => title)).toEqual(["Two"]);
    await rail.getByRole("link", { name: "Two" }).waitFor();
    await rail.getByRole("link", { name: "One" }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Undo" }).click();
    await rail.getByRole("link", { name: "Three" }).waitFor();
    await expect.poll(() => server.api.chats.size).toBe(3);

    await rail.getByRole("button", { name: "Choose several" }).click();
    await rail.getByRole("button", { name: "All", exact: true }).click();
    await rail.getByRole("button", { name: "Archive", exact: true }).click();
    await expect.poll(() => [...server.api.chats.values()].every(({ archived }) => archived)).toBe(true);
  });

  test("rename, pin, folder, archive, delete and undo", async () => {
    const page = await open();
    await act(page, kOld, "Rename");
    await page.getByRole("textbox", { name: "Title" }).fill("Brown water");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "Brown water" }).waitFor();
    await act(page, "Brown water", "Pin");
    await act(page, "Compare the weirs below Paris", "Move to a folder");
    await page.getByRole("combobox", { name: /Folder/ }).fill("Work");
    await page.keyboard.press("Enter");
    await expect
      .poll(() => [...server.api.chats.values()].find(({ title }) => title.startsWith("Compare"))?.folder)
      .toBe("Work");
    await expect
      .poll(() => [...server.api.chats.values()].find(({ title }) => title === "Brown water")?.pinned)
      .toBe(true);
    await act(page, "Brown water", "Archive");
    await page.getByText("Archived “Brown water”").waitFor();
    await expect.poll(() => page.getByRole("link", { name: "Brown water" }).count()).toBe(0);
    await page.getByRole("button", { name: "Show the archive" }).click();
    await page.getByRole("link", { name: "Brown water" }).waitFor();
    await page.getByRole("button", { name: "Back to conversations" }).click();
    await act(page, "Draft of the flood report", "Delete");
    await page.getByText("Deleted “Draft of the flood report”").waitFor();
    await expect.poll(() => page.getByRole("link", { name: "Draft of the flood report" }).count()).toBe(0);
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("link", { name: "Draft of the flood report" }).waitFor();
  });

  test("an action that fails says so, and the list is as it was", async () => {
    const page = await open();
    const chat = [...server.api.chats.values()].find(({ title }) => title === kOld);
    server.api.failing.set(`DELETE /api/chats/${chat?.id}`, 503);
    await act(page, kOld, "Delete");
    await page.getByRole("alert").getByText("the scheduler is full").waitFor();
    await page.getByRole("link", { name: kOld }).waitFor();
  });

  test("a conversation is exported as a file", async () => {
    const page = await open();
    const download = page.waitForEvent("download");
    await act(page, kOld, "Export as Markdown");
    expect((await download).suggestedFilename()).toMatch(/\.md$/);
  });

  test("Ctrl+K goes anywhere and does the common things", async () => {
    const page = await open();
    await page.getByRole("textbox").waitFor();
    await page.keyboard.press("Control+k");
    const box = page.getByRole("combobox", { name: "Go anywhere" });
    await box.fill("mod");
    await screenshot(page, "palette-light-en-desktop");
    expect(await axeViolations(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await page.waitForURL("**/models");
    await page.keyboard.press("Control+k");
    await box.fill("tidal");
    await page.getByRole("option", { name: /How far is the Seine tidal/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/chat/${talk}`);
    await page.keyboard.press("Control+k");
    await box.fill("/theme dark");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.evaluate(() => document.documentElement.dataset.theme)).toBe("dark");
    await page.keyboard.press("Control+k");
    await page.keyboard.press("Escape");
    await expect.poll(() => box.count()).toBe(0);
    await page.keyboard.press("Control+/");
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+Shift+O");
    await page.waitForURL(`${server.origin}/`);
  });

  test("a model says what it takes before it is loaded, and how far it is", async () => {
    const page = await open("/models");
    await line(page, "deepseek-r1-distill").getByRole("button", { name: "Load" }).click();
    await page.getByText("Needs 10.7 GB of 16 GB available.").waitFor();
    await screenshot(page, "load-light-en-desktop");
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole("spinbutton", { name: "Tokens per conversation" }).fill("8192");
    await page.getByRole("spinbutton", { name: "Conversations side by side" }).fill("4");
    await page.getByText("Needs 12.7 GB of 16 GB available.").waitFor();
    await page.getByRole("spinbutton", { name: "Conversations side by side" }).fill("9");
    await page.getByText("Needs 16.8 GB, but only 16 GB is available.").waitFor();
    await page.getByRole("spinbutton", { name: "Conversations side by side" }).fill("4");
    await page.getByText("Needs 12.7 GB of 16 GB available.").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Load" }).click();
    await line(page, "deepseek-r1-distill").getByText("3.1 GB of 9 GB · 1.2 GB/s · 4s left").waitFor();
    expect(server.api.rooms).toEqual([{ context: 8192, batch: 4 }]);
    await line(page, "seine-mini").getByRole("button", { name: "Unload" }).click();
    await line(page, "seine-mini").getByText("not loaded").waitFor();
  });

  test("a key is made, shown once, and revoked", async () => {
    const page = await open("/keys");
    await page.getByRole("button", { name: "New key" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("CI");
    await page.getByRole("checkbox", { name: /embeddings/ }).check();
    await page.getByRole("combobox", { name: "Expires" }).selectOption("30");
    await page.getByRole("spinbutton", { name: "Requests per minute" }).fill("20");
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole("button", { name: "Make the key" }).click();
    await page.getByText("sk-seine-newkey-0123456789abcdef").waitFor();
    await screenshot(page, "key-made-light-en-desktop");
    expect(server.api.keys.at(-1)).toMatchObject({
      name: "CI",
      scopes: ["chat", "models", "embeddings"],
      expires_in_s: 2_592_000,
      requests_per_minute: 20,
    });
    await page.getByRole("button", { name: "I have copied it" }).click();
    expect(await page.getByText("sk-seine-newkey-0123456789abcdef").count()).toBe(0);
    await line(page, "CI").getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await line(page, "CI").getByText("revoked").waitFor();
  });

  test("settings count at once, are kept at the server, and come back in another browser", async () => {
    let page = await open("/settings");
    await page.getByText("Large", { exact: true }).click();
    await page.getByText("Compact", { exact: true }).click();
    await page.getByRole("group", { name: "Theme" }).last().getByText("Dark").click();
    expect(await page.evaluate(() => ({ ...document.documentElement.dataset }))).toMatchObject({
      fontSize: "large",
      density: "compact",
      theme: "dark",
    });
    await page.getByText("Saved.").waitFor();
    // On a busy machine the first choices are sent, and saved, before the last.
    await expect.poll(() => server.api.settings.theme).toBe("dark");
    expect(server.api.settings).toMatchObject({
      font_size: "large",
      density: "compact",
      theme: "dark",
      language: "en",
    });
    await watched.close();
    server.api.settings.language = "zh";
    page = await open("/settings");
    await page.getByRole("heading", { name: "设置" }).waitFor();
    expect(await page.evaluate(() => document.documentElement.dataset.fontSize)).toBe("large");
  });

  test("a prompt is kept, changed, deleted and had back", async () => {
    const page = await open("/settings");
    await page.getByText("A prompt is a text you ask with again and again.").waitFor();
    await page.getByRole("button", { name: "New prompt" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("weekly");
    await page.getByRole("textbox", { name: "Text" }).fill("What is new about {{topic}}?");
    await screenshot(page, "prompt-light-en-desktop");
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Edit weekly" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("news");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Delete news" }).waitFor();
    expect([...server.api.prompts]).toEqual([["news", "What is new about {{topic}}?"]]);
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole("button", { name: "Delete news" }).click();
    await page.getByText("news was deleted.").waitFor();
    expect(server.api.prompts.size).toBe(0);
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("button", { name: "Edit news" }).waitFor();
    expect(server.api.prompts.size).toBe(1);
  });

  test("a run opens, replays, and cites", async () => {
    const page = await open("/runs");
    await page
      .getByRole("main")
      .getByRole("link", { name: /How far is the Seine tidal/ })
      .first()
      .click();
    await page.waitForURL("**/runs/r_1");
    await page.getByRole("button", { name: "Replay offline" }).click();
    await page.getByText("The same text as the first time.").waitFor();
    await page.locator(".cite").first().click();
    await page.getByRole("complementary", { name: "Source page" }).locator("mark").first().waitFor();
  });

  test("what is not there says so", async () => {
    const page = await open("/runs/r_99");
    await page.getByRole("alert").getByText("The server knows no such thing.").waitFor();
    await page.goto(`${server.origin}/no/such/page`);
    await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  });

  test("empty lists teach", async () => {
    server.api.runs = [];
    server.api.keys = [];
    server.api.models = [];
    server.api.chats.clear();
    const page = await open("/runs");
    await page.getByText("No question has been asked yet.").waitFor();
    await page.getByText("Your conversations appear here.").waitFor();
    await page.getByRole("link", { name: "API keys" }).click();
    await page.getByText("No program has a key yet.").waitFor();
    await page.getByRole("link", { name: "Models" }).click();
    await page.getByText("There is no model.").waitFor();
  });

  test("a session that ends while the page is open leads to the sign-in", async () => {
    const page = await open("/");
    await page.getByRole("link", { name: kOld }).waitFor();
    server.guarded = true;
    await page.getByRole("link", { name: "API keys" }).click();
    await page.getByRole("heading", { name: "Sign in with a link" }).waitFor();
  });

  test("on a phone the menu opens over the page and closes again", async () => {
    const page = await open("/", { viewport: { width: 360, height: 740 } });
    expect(await page.getByRole("link", { name: kOld }).isVisible()).toBe(false);
    await page.getByRole("button", { name: "Menu" }).click();
    await page.getByRole("link", { name: kOld }).waitFor();
    await screenshot(page, "drawer-light-en-phone");
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole("link", { name: kOld }).click();
    await page.waitForURL(/\/chat\//);
    await expect.poll(() => page.getByRole("link", { name: kOld }).isVisible()).toBe(false);
  });
});
