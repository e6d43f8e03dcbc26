// What a conversation does: it streams, stops, forks, cites, fails in place, and follows the keyboard.
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { kPage } from "../support/answer_fixture.ts";
import { kWholeAnswer, type Move, piecesOf } from "../support/api.ts";
import { axeViolations } from "../support/axe.ts";
import { chromiumIsThere, launch, openPage, screenshot, type Watched } from "../support/browser.ts";
import { fill } from "../support/scenes.ts";
import { ScriptedServer } from "../support/server.ts";

const kDist = new URL("../../dist", import.meta.url).pathname;
const kNetworkNoise = /^console: Failed to load resource/;

describe.skipIf(!chromiumIsThere)("a conversation in a browser", () => {
  let browser: Browser;
  let server: ScriptedServer;
  let watched: Watched;

  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    server = new ScriptedServer(kDist);
    await server.start();
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

  const field = (page: Page) => page.getByRole("textbox", { name: "Your question" });
  const answers = (page: Page) => page.getByRole("article", { name: "Answer" });
  const questions = (page: Page) => page.getByRole("article", { name: "Question" });

  async function ask(page: Page, question: string): Promise<void> {
    await field(page).fill(question);
    await page.keyboard.press("Enter");
  }

  /** Streams the first half, waits for release(), then the rest. */
  const held = (answer: Parameters<typeof kWholeAnswer>[0]): Move[] => {
    const moves = kWholeAnswer(answer);
    const texts = moves.filter((move) => typeof move === "object" && move.event === "text").length;
    let seen = 0;
    const at = moves.findIndex(
      (move) => typeof move === "object" && move.event === "text" && ++seen > texts / 2,
    );
    return [...moves.slice(0, at), "hold", ...moves.slice(at)];
  };

  test("a question streams its answer, with steps, thoughts, citations and sources", async () => {
    server.api.script = held;
    const page = await open();
    await ask(page, "How far is the Seine tidal?");
    await page.waitForURL(/\/chat\/c_/);
    expect(server.api.asks[0]).toMatchObject({
      question: "How far is the Seine tidal?",
      parent_id: null,
      search: "auto",
      think: "off",
      language: "en",
      stream: true,
    });
    // Half of it: text is there, the stop button too, actions are not.
    await page.getByText("The Seine is tidal as far as").waitFor();
    await page.getByRole("button", { name: "Stop (Esc)" }).waitFor();
    expect(await answers(page).getByRole("button", { name: "Answer again" }).count()).toBe(0);
    await screenshot(page, "streaming-light-en-desktop");
    server.api.release();
    await page.getByRole("button", { name: "All sources: 4" }).waitFor();
    await page.getByRole("button", { name: "Answer again" }).waitFor();
    expect(await page.locator(".cite").allTextContents()).toEqual(["1", "1", "2", "3"]);
    expect(await page.locator(".prose").last().textContent()).not.toMatch(/[\u2E24-\u2E29]|\[1\]/);
    await page.getByText("Supported sentences: 1").waitFor();
    await page.locator(".katex").first().waitFor();
    expect(await page.getByRole("status").allTextContents()).toContain("The answer is complete.");
    // The list of conversations has it, under its question.
    await page.getByRole("link", { name: "How far is the Seine tidal?" }).waitFor();
    expect(await page.title()).toBe("How far is the Seine tidal? – Seine");
    await page.getByRole("button", { name: /^Searches: 2/ }).click();
    await page.getByText("No answer within 8 s.").first().waitFor();
    await page.getByRole("button", { name: /^Thought for|^Thoughts/ }).click();
    await page.getByText("Two pages name Poses.").waitFor();
  });

  test("a diagram is drawn without trusting it, and a wrong one stays as written", async () => {
    const fence = (source: string) => `\`\`\`mermaid\n${source}\n\`\`\``;
    const hostile = `flowchart LR
  A["<img src='${server.origin}/api/leak' onerror='parent.postMessage(1)'>Le Havre"] --> B[Rouen]
  click B href "javascript:alert(1)"`;
    const text = [
      fence("flowchart LR\n  A[Source] --> B[Paris] --> C[Le Havre]"),
      fence(hostile),
      fence("flowchart ?? ->"),
    ];
    const chat = server.api.addTalk("Drawn", { text: text.join("\n\n"), citations: [] });
    const page = await open(`/chat/${chat.id}`);
    const pictures = page.getByRole("img", { name: "Diagram; its source can be shown instead" });
    await expect.poll(() => pictures.count()).toBe(2);
    await page.getByText("cannot be drawn").waitFor();
    await page.getByText("flowchart ?? ->").waitFor();
    const sizes = await pictures.evaluateAll((all) =>
      all.map((each) => (each as HTMLImageElement).naturalWidth),
    );
    for (const size of sizes) expect(size).toBeGreaterThan(80);
    const sources = await pictures.evaluateAll((all) => all.map((each) => (each as HTMLImageElement).src));
    expect(decodeURIComponent(sources[1] ?? "")).not.toMatch(/javascript:|onerror/);
    expect(server.api.calls.filter((call) => call.includes("leak"))).toEqual([]);
    // What the hostile one tried, the frame's policy forbade.
    const forbidden = /diagram\/mermaid\.js|inline event handler/;
    expect(watched.complaints.splice(0).filter((complaint) => !forbidden.test(complaint))).toEqual([]);
    expect(await axeViolations(page)).toEqual([]);
    await screenshot(page, "diagram-light");

    await page.emulateMedia({ colorScheme: "dark" });
    await expect.poll(() => pictures.first().getAttribute("src")).not.toBe(sources[0]);
    await screenshot(page, "diagram-dark");
    watched.complaints.splice(0); // the same again
    await page.getByRole("button", { name: "Show the source" }).first().click();
    await page.getByText("A[Source] --> B[Paris]").waitFor();
    expect(await pictures.count()).toBe(1);
    // The frame is nobody's: the console cannot look into it, nor it out.
    const reach = await page.evaluate(() => {
      const frame = document.querySelector<HTMLIFrameElement>(".diagram-frame");
      return frame?.contentDocument ?? "out of reach";
    });
    expect(reach).toBe("out of reach");
  });

  test("a diagram that never ends takes its own picture and nothing else", async () => {
    watched = await openPage(browser);
    const { page } = watched;
    // The drawer of the frame loops for good where a source says so; the test says when the console's patience is at its end.
    let frames = 0;
    await page.route("**/diagram/frame.js", async (route) => {
      const response = await route.fetch();
      frames++;
      const endless = `addEventListener("message", ({ data }) => { if (data.source.includes("endless")) for (;;); });`;
      await route.fulfill({ response, body: `${endless}\n${await response.text()}` });
    });
    await page.addInitScript(() => {
      if (window !== window.top) return;
      const { setTimeout } = window;
      const ends: TimerHandler[] = [];
      const counted = (run: TimerHandler, ms?: number) => {
        if (ms === 15_000) ends.push(run);
        return setTimeout(run, ms === 15_000 ? 600_000 : ms);
      };
      Object.assign(window, { setTimeout: counted, ends });
    });
    const fence = (source: string) => `\`\`\`mermaid\nflowchart LR\n  ${source}\n\`\`\``;
    const text = ["A[before] --> B[B]", "A[endless] --> B[B]", "A[after] --> B[B]"].map(fence).join("\n\n");
    const chat = server.api.addTalk("Drawn", { text, citations: [] });
    await page.goto(`${server.origin}/chat/${chat.id}`);
    const pictures = page.getByRole("img", { name: "Diagram; its source can be shown instead" });
    await expect.poll(() => pictures.count()).toBe(1);
    await page.waitForFunction(() => (window as unknown as { ends: unknown[] }).ends.length === 2);
    await page.evaluate(() => (window as unknown as { ends: (() => void)[] }).ends[1]?.());
    await page.getByText("cannot be drawn").waitFor();
    await page.getByText("A[endless]").waitFor();
    await expect.poll(() => pictures.count()).toBe(2);
    expect(frames).toBe(2);
    const drawn = await pictures.evaluateAll((all) => all.map((each) => (each as HTMLImageElement).src));
    expect(decodeURIComponent(drawn[1] ?? "")).toContain("after");
    expect(await page.locator(".diagram-frame").count()).toBe(1);
  });

  test("a phone shows every choice for a question", async () => {
    const page = await open("/", { viewport: { width: 360, height: 780 } });
    for (const name of ["Attach files", "Search: auto", "DeepThink", "Sites"]) {
      const box = await page.getByRole("button", { name, exact: true }).boundingBox();
      expect(box && box.x >= 0 && box.x + box.width <= 360, name).toBe(true);
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await screenshot(page, "composer-phone");
    await page.getByRole("button", { name: "Sites" }).click();
    await page.getByRole("textbox", { name: "Read only" }).fill("docs.example.org");
    await page.keyboard.press("Enter");
    await screenshot(page, "composer-phone-sites");
    await ask(page, "What is new?");
    await expect.poll(() => server.api.asks[0]).toMatchObject({ sites: ["https://docs.example.org"] });
  });

  test("the toggles go with the next question", async () => {
    const page = await open();
    fill(server.api, "en");
    await page.reload();
    await page.getByRole("button", { name: "Search: auto" }).click();
    await page.getByRole("button", { name: "DeepThink", exact: true }).click();
    await page.getByRole("button", { name: "Thinking effort" }).click();
    await page.getByRole("menuitemradio", { name: /^Max/ }).click();
    await page.getByRole("button", { name: /^Model:/ }).click();
    await page.getByRole("menuitemradio", { name: /^deepseek-r1/ }).click();
    await page.getByRole("button", { name: "Sites" }).click();
    await page.getByRole("textbox", { name: "Read only" }).fill("docs.example.org");
    await page.keyboard.press("Enter");
    await ask(page, "Q");
    await expect.poll(() => server.api.asks.length).toBe(1);
    expect(server.api.asks[0]).toMatchObject({
      search: "on",
      think: "max",
      model: "deepseek-r1-distill",
      sites: ["https://docs.example.org"],
    });
  });

  test("Escape stops at the server, and the partial answer stays", async () => {
    server.api.script = held;
    const page = await open();
    await ask(page, "Q");
    await page.getByText("The Seine is tidal as far as").waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("Stopped here. What was written stays.").waitFor();
    await expect.poll(() => server.api.calls).toContain("POST /api/runs/r_1/stop");
    expect(await answers(page).textContent()).toContain("The Seine is tidal as far as");
    await page.reload();
    await page.getByText("Stopped here. What was written stays.").waitFor();
  });

  test("answering again keeps the old branch, editing forks", async () => {
    const page = await open();
    await ask(page, "First?");
    await page.getByRole("button", { name: "Answer again" }).click();
    await page.getByText("Branch 2 of 2").waitFor();
    const [, again] = server.api.asks;
    expect(again).toMatchObject({ regenerate_id: expect.stringMatching(/^m_/) });
    expect(again).not.toHaveProperty("question");
    await page.getByRole("button", { name: "Previous branch" }).click();
    await page.getByText("Branch 1 of 2").waitFor();
    expect(await page.getByRole("button", { name: "Previous branch" }).isDisabled()).toBe(true);

    await page.getByRole("button", { name: "Edit the question" }).click();
    await page.getByRole("textbox", { name: "Edit the question" }).fill("Second?");
    await page.keyboard.press("Control+Enter");
    await questions(page).getByText("Second?").waitFor();
    await questions(page).getByText("Branch 2 of 2").waitFor();
    expect(server.api.asks[2]).toMatchObject({ question: "Second?", parent_id: null });
    await questions(page).getByRole("button", { name: "Previous branch" }).click();
    await questions(page).getByText("First?").waitFor();
    await answers(page).getByText("Branch 1 of 2").waitFor(); // as it was left
  });

  test("a second question follows the answer that is shown", async () => {
    const page = await open();
    await ask(page, "One?");
    await page.getByRole("button", { name: "Answer again" }).waitFor();
    await ask(page, "Two?");
    await expect.poll(() => answers(page).count()).toBe(2);
    await expect.poll(() => page.getByRole("button", { name: "Answer again" }).count()).toBe(2);
    const chat = [...server.api.chats.values()][0];
    expect(chat?.messages.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
    expect(chat?.messages[2]?.parent_id).toBe(chat?.messages[1]?.id);
  });

  test("a citation shows its card and opens the page at its sentence", async () => {
    const id = fill(server.api, "en");
    const page = await open(`/chat/${id}`);
    const cite = page.locator(".cite").nth(1);
    await cite.hover();
    const card = page.locator(".cite-card");
    await card.waitFor();
    expect(await card.textContent()).toContain("Tides of the Seine");
    expect(await card.textContent()).toContain("Until 1963 a bore, the mascaret, ran up the river");
    expect(await card.textContent()).toContain("The source says part of this");
    await screenshot(page, "card-light-en-desktop");
    await page.keyboard.press("Escape");
    await card.waitFor({ state: "detached" });
    await cite.click();
    const panel = page.getByRole("complementary", { name: "Source page" });
    await expect
      .poll(async () => (await panel.locator("mark").allTextContents()).join(""))
      .toBe("Until 1963 a bore, the mascaret, ran up the river at spring tides.");
    expect(
      await panel
        .locator("mark")
        .first()
        .evaluate((mark) => {
          const box = mark.getBoundingClientRect();
          return box.top >= 0 && box.bottom <= innerHeight;
        }),
    ).toBe(true);
    // The address leads there again; the way back closes it; Escape does too.
    expect(page.url()).toMatch(/snapshot=sha256-.*&start=\d+&end=\d+/);
    await page.reload();
    await panel.locator("mark").first().waitFor();
    await page.goBack();
    await panel.waitFor({ state: "detached" });
    await cite.focus();
    await page.keyboard.press("Enter");
    await panel.waitFor();
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
    expect(await cite.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  test("the page stands alone too, and none of it is lost", async () => {
    const page = await open("/snapshots/sha256-xyz?start=0&end=0");
    await page.getByText("The weir at Poses stops them.").waitFor();
    expect(await page.locator("mark").count()).toBe(0);
    expect(await page.locator(".snapshot-body h3").count()).toBe((kPage.match(/^#/gm) ?? []).length);
  });

  test("an extract, and nothing found, say who speaks", async () => {
    server.api.answer = { by: "extract", model: "" };
    const page = await open();
    await ask(page, "Q");
    await page.getByText("no model wrote it").waitFor();
    server.api.answer = { by: "none", state: "not_found", text: "Nothing.", citations: [] };
    await page.getByRole("button", { name: "Answer again" }).click();
    await page.getByText("Not found in the sources.").waitFor();
  });

  test("a refusal stands in place with its reason, its request and a way on", async () => {
    server.api.failing.set("POST /api/ask", 503);
    const page = await open();
    await ask(page, "Will it work?");
    const alert = answers(page).getByRole("alert");
    expect(await alert.textContent()).toContain("HTTP 503");
    expect(await alert.textContent()).toContain("the scheduler is full");
    await page.getByText(/Request srv-\d+/).waitFor();
    await questions(page).getByText("Will it work?").waitFor();
    server.api.failing.clear();
    await page.getByRole("button", { name: "Answer again" }).first().click();
    await page.getByText("Supported sentences: 1").waitFor();
    expect(await questions(page).count()).toBe(1);
  });

  test("no server at all keeps the draft and says so", async () => {
    const page = await open();
    await field(page).fill("Anyone?");
    await page.getByRole("link", { name: "New conversation" }).first().waitFor();
    await server.stop();
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("The server does not answer.").first().waitFor();
    expect(await field(page).inputValue()).toBe("Anyone?");
    await server.start();
  });

  test("an error and a broken stream keep what came before", async () => {
    server.api.script = (answer) => [
      { event: "text", data: { text: answer.text.slice(0, 60) } },
      { event: "error", data: { error: { message: "the model ran out of memory", code: "8" } } },
    ];
    const page = await open();
    await ask(page, "Q");
    await page.getByText(/the model ran out of memory/).waitFor();
    expect(await answers(page).textContent()).toContain("The Seine is tidal");
    server.api.script = (answer) => [
      { event: "text", data: { text: answer.text.slice(0, 60) } },
      "hold",
      "break",
    ];
    await page.getByRole("button", { name: "Answer again" }).first().click();
    await page.getByRole("button", { name: "Stop (Esc)" }).waitFor();
    await answers(page).getByText("The Seine is tidal").waitFor();
    server.api.release();
    await page.getByText("Branch 2 of 2").waitFor();
    expect(await answers(page).textContent()).toContain("The Seine is tidal");
  });

  test("a run goes on while another page is read", async () => {
    server.api.script = held;
    const page = await open();
    await ask(page, "Q");
    await page.getByText("The Seine is tidal as far as").waitFor();
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByRole("heading", { name: "Settings" }).waitFor();
    server.api.release();
    await page.goBack();
    await page.getByText("Supported sentences: 1").waitFor();
  });

  test("it follows the end only while the reader is there", async () => {
    const long = Array.from({ length: 120 }, (_, line) => `Paragraph ${line} of a long answer.`).join("\n\n");
    server.api.answer = { text: long, citations: [] };
    server.api.script = (answer) => {
      const texts = piecesOf(answer.text, 40).map((text): Move => ({ event: "text", data: { text } }));
      return [...texts.slice(0, 60), "hold", ...texts.slice(60), { event: "done", data: answer }];
    };
    const page = await open();
    await ask(page, "Q");
    const view = page.locator(".thread-view");
    const gap = () =>
      view.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
    await page.getByText("Paragraph 55").waitFor();
    await expect.poll(gap).toBeLessThan(50);
    await view.evaluate((element) => element.scrollTo({ top: 200 }));
    await page.getByRole("button", { name: "Jump to latest" }).waitFor();
    server.api.release();
    await page.getByText("Paragraph 119").waitFor({ state: "attached" });
    await page.getByRole("button", { name: "Answer again" }).waitFor({ state: "attached" });
    expect(await view.evaluate((element) => element.scrollTop)).toBe(200);
    await page.getByRole("button", { name: "Jump to latest" }).click();
    await expect.poll(gap).toBeLessThan(50);
    await page.getByRole("button", { name: "Jump to latest" }).waitFor({ state: "detached" });
  });

  test("files by button, paste and drop go with the question; what cannot be read says why", async () => {
    const page = await open();
    await page.locator("input[type=file]").setInputFiles([
      { name: "notes.md", mimeType: "text/markdown", buffer: Buffer.from("# notes") },
      { name: "blob.bin", mimeType: "application/octet-stream", buffer: Buffer.from([1, 2, 3]) },
    ]);
    await page.getByText("Ready: 7 characters").waitFor();
    await page.getByText("this type of file cannot be read").waitFor();
    await page.getByRole("button", { name: "Remove blob.bin" }).click();
    await field(page).evaluate((element) => {
      const data = new DataTransfer();
      data.items.add(new File(["pasted"], "paste.txt", { type: "text/plain" }));
      element.dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }),
      );
    });
    await page.getByText("Ready: 6 characters").waitFor();
    const drag = (type: string) =>
      page.evaluate((name) => {
        const data = new DataTransfer();
        data.items.add(new File(["dropped!"], "drop.txt", { type: "text/plain" }));
        document.body.dispatchEvent(
          new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }),
        );
      }, type);
    await drag("dragover");
    await page.getByText("Drop files to attach them").waitFor();
    await drag("drop");
    await page.getByText("Ready: 8 characters").waitFor();
    await ask(page, "What do they say?");
    // Two files at once are numbered as they arrive.
    const uploaded = (name: string) => `f_${server.api.uploads.findIndex((file) => file.name === name) + 1}`;
    await expect
      .poll(() => server.api.asks[0]?.files)
      .toEqual(["notes.md", "paste.txt", "drop.txt"].map(uploaded));
    await expect.poll(() => page.getByRole("list", { name: "Attached files" }).count()).toBe(0);
  });

  test("Enter sends or not, as the settings say; an input method's Enter never does", async () => {
    server.api.settings = { send_key: "ctrl_enter" };
    const page = await open();
    await field(page).fill("line");
    await page.keyboard.press("Enter");
    expect(await field(page).inputValue()).toBe("line\n");
    await page.keyboard.press("Control+Enter");
    await expect.poll(() => server.api.asks.length).toBe(1);
    server.api.settings = {};
    await page.getByRole("link", { name: "New conversation" }).first().click();
    await field(page).evaluate((element) => {
      element.dispatchEvent(
        new KeyboardEvent("keydown", { key: "Enter", bubbles: true, isComposing: true, ctrlKey: true }),
      );
    });
    expect(server.api.asks.length).toBe(1);
  });

  test("a slash offers the kept prompts, and Tab goes through their blanks", async () => {
    server.api.prompts = new Map([
      ["compare", "Compare {{one}} with {{other}}."],
      ["weekly", "What is new about {{topic}}?"],
    ]);
    const page = await open();
    const menu = page.getByRole("listbox", { name: "Prompts" });
    await field(page).fill("/");
    await menu.waitFor();
    expect(await menu.getByRole("option").count()).toBe(2);
    await screenshot(page, "prompts-light-en-desktop");
    expect(await axeViolations(page)).toEqual([]);
    await field(page).fill("/week");
    await expect.poll(() => menu.getByRole("option").count()).toBe(1);
    await page.keyboard.press("Escape");
    await expect.poll(() => menu.count()).toBe(0);
    await field(page).fill("/");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await expect.poll(() => field(page).inputValue()).toBe("Compare {{one}} with {{other}}.");
    await page.keyboard.type("Rouen");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Caen");
    await page.keyboard.press("Tab"); // no blank is left: the focus goes on
    expect(await field(page).evaluate((element) => element === document.activeElement)).toBe(false);
    await field(page).press("Enter");
    await expect.poll(() => server.api.asks.length).toBe(1);
    expect(server.api.asks[0]).toMatchObject({ question: "Compare Rouen with Caen." });
    server.api.prompts.clear();
    await page.reload();
    await field(page).fill("/");
    await page.getByText("No prompts are kept yet.").waitFor();
  });

  test("a message is deleted with what follows, after ten seconds, unless it is taken back", async () => {
    const id = fill(server.api, "en");
    const page = await open(`/chat/${id}`);
    await page.clock.install();
    await questions(page).getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await expect.poll(() => answers(page).count()).toBe(0);
    await page.getByRole("button", { name: "Undo" }).click();
    await answers(page).waitFor();
    await answers(page).getByRole("button", { name: "Delete" }).click();
    await expect.poll(() => answers(page).count()).toBe(0);
    expect(server.api.calls.some((call) => call.startsWith("DELETE"))).toBe(false);
    await page.clock.runFor(10_100);
    await expect.poll(() => server.api.calls.filter((call) => call.startsWith("DELETE")).length).toBe(1);
  });

  test("text of the model and of pages stays text", async () => {
    const hostile = `<img src=x onerror="document.title='owned'"> ![a](https://tracker.example/a.png) [b](javascript:alert(1)) <script>document.title='owned'</script>`;
    server.api.answer = { text: hostile, citations: [], reasoning: hostile };
    const page = await open();
    await ask(page, hostile);
    await page.getByRole("button", { name: "Answer again" }).waitFor();
    await page.getByRole("button", { name: /^Thought for|^Thoughts/ }).click();
    expect(await page.locator("main img, main script, main a[href^=javascript]").count()).toBe(0);
    expect(await page.title()).not.toContain("owned –");
  });

  test("a page loaded anew follows the answer that is under way", async () => {
    server.api.script = held;
    const page = await open();
    await ask(page, "How far is the Seine tidal?");
    await answers(page).locator(".prose").first().waitFor();
    await page.reload();
    await expect.poll(() => server.api.resumed).toEqual([""]);
    await answers(page).locator(".prose").first().waitFor();
    await page.getByRole("button", { name: /^Stop/ }).waitFor();
    server.api.release();
    await page.getByRole("button", { name: "Answer again" }).waitFor();
    expect([await questions(page).count(), await answers(page).count()]).toEqual([1, 1]);
    expect(server.api.asks.length).toBe(1);
  });

  test("a connection that is lost is taken up where it ended", async () => {
    server.api.script = (answer) =>
      held(answer).flatMap((move): Move[] => (move === "hold" ? [move, "drop"] : [move]));
    const page = await open();
    await ask(page, "How far is the Seine tidal?");
    // A browser throws away what it has received and the page has not read when a connection breaks.
    await answers(page).locator(".prose").first().waitFor();
    server.api.release();
    await page.getByRole("button", { name: "Answer again" }).waitFor();
    expect(server.api.resumed.length).toBe(1);
    expect(Number(server.api.resumed[0])).toBeGreaterThan(0);
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  test("a connection that is lost before its first event is taken up, too", async () => {
    server.api.script = held;
    server.api.mute = true;
    const page = await open();
    await ask(page, "How far is the Seine tidal?");
    await answers(page).locator(".prose").first().waitFor();
    server.api.release();
    await page.getByRole("button", { name: "Answer again" }).waitFor();
    expect([await questions(page).count(), await answers(page).count()]).toEqual([1, 1]);
    expect(server.api.asks.length).toBe(1);
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  test("an example about Seine reads its documentation only", async () => {
    const page = await open();
    await page.getByRole("button", { name: /What leaves this machine/ }).click();
    await expect.poll(() => server.api.asks.length).toBe(1);
    expect(server.api.asks[0]).toMatchObject({ sites: [`${server.origin}/docs`] });
  });

  test("the empty page says what is missing and where to go", async () => {
    server.api.providers = [{ id: "index", state: "ready", cost: null, p50_ms: null }];
    server.api.models = [];
    const page = await open();
    await page.getByText("No model is loaded").waitFor();
    expect(await page.getByRole("link", { name: "How to get a model" }).getAttribute("href")).toBe(
      "/docs/guides/models",
    );
    await page.getByText("No search provider is ready").waitFor();
    await page.getByRole("button", { name: /How do I back up Seine/ }).waitFor();
    expect(await page.getByRole("button", { name: /newest stable release/ }).count()).toBe(0);
    await page.getByRole("link", { name: "Load a model" }).click();
    await page.getByRole("heading", { name: "Models" }).waitFor();
  });

  test("an example asks at once, with what it teaches", async () => {
    server.api.models = [{ id: "r1", state: "ready", thinks: true, cites_spans: false, embeds: false }];
    const page = await open();
    await page.getByRole("button", { name: /DeepThink reasons first/ }).click();
    await expect.poll(() => server.api.asks.length).toBe(1);
    expect(server.api.asks[0]).toMatchObject({ think: "high" });
  });
});
