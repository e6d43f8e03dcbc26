// What the console does: when the server goes away and returns, refuses, talks nonsense, wants a session; with a
// keyboard alone; with text that would like to be markup.
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { axeViolations } from "../support/axe.ts";
import { chromiumIsThere, launch, openPage, screenshot, type Watched } from "../support/browser.ts";
import { ScriptedServer } from "../support/server.ts";
import { statusJson } from "../support/status_fixture.ts";

const kDist = new URL("../../dist", import.meta.url).pathname;
const kStub = new URL("../../stub", import.meta.url).pathname;

// Chromium itself reports every answer that is not 2xx, and every refused connection, to the console.
const kNetworkNoise = /^console: Failed to load resource/;

describe.skipIf(!chromiumIsThere)("the console in a browser", () => {
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

  /** Opens the console with a clock that the test can move. */
  async function open(path = "/status", options: BrowserContextOptions = {}): Promise<Page> {
    watched = await openPage(browser, options);
    await watched.page.clock.install({ time: new Date("2026-01-03T05:07:00Z") });
    await watched.page.goto(server.origin + path);
    return watched.page;
  }

  /** From here on time passes only as the test says. */
  async function pause(page: Page): Promise<void> {
    // The page's time goes on until the clock is told: on a busy machine 50 ms can be over by then.
    for (let ahead = 50; ; ahead *= 4) {
      const now = await page.evaluate(() => Date.now());
      const late = await page.clock.pauseAt(now + ahead).then(
        () => null,
        (error: Error) => error,
      );
      if (!late) break;
      if (ahead > 3000) throw late;
    }
  }

  /** Pauses when no call is under way. */
  async function freeze(page: Page): Promise<void> {
    await pause(page);
    const read = () => page.getByText(/^Read at /).textContent();
    const before = await read();
    await tick(page);
    await settle(page, async () => (await read()) !== before);
  }

  /** Lets the page finish what it began, in far less of its time than passes between two polls, however long it takes us. */
  async function settle(page: Page, done: () => Promise<boolean>): Promise<void> {
    for (let i = 0; i < 300; i++) {
      await page.clock.runFor(2);
      if (await done()) return;
      if (i > 30) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("the page did not settle");
  }

  const ready = (page: Page) => page.getByRole("table").waitFor();
  const verdict = (page: Page) => page.getByRole("main").locator("[role=status] p").first().textContent();
  const statusAnswer = (page: Page) =>
    page.waitForEvent("requestfinished", (request) => request.url().endsWith("/api/status"));
  const tick = async (page: Page, ms = 2_000) => {
    const answered = statusAnswer(page);
    await page.clock.runFor(ms);
    await answered;
  };

  describe("when the server goes away", () => {
    test("it says what, why and what to do, tries ever more rarely, and recovers by itself", async () => {
      const page = await open();
      await ready(page);
      await freeze(page);
      let tries = 0;
      page.on("requestfailed", () => tries++);
      const fail = async (ms: number, nextS: number) => {
        const failed = page.waitForEvent("requestfailed");
        await page.clock.runFor(ms);
        await failed;
        await settle(page, () => page.getByText(`Next try in ${nextS}s`, { exact: true }).isVisible());
      };
      await server.stop();
      await fail(2_020, 2);
      const alert = page.getByRole("alert");
      expect(await alert.textContent()).toContain("The server does not answer.");
      expect(await alert.textContent()).toContain("not running");
      const panel = await page.getByRole("main").textContent();
      expect(panel).toContain("seine up");
      expect(panel).toMatch(/Request web-[0-9a-f]{16}/);
      expect(panel).toMatch(/No status since \d\d:\d\d:\d\d/);
      expect(panel).toMatch(/Next try in \ds/);
      expect(panel).toMatch(/the last reading, from \d\d:\d\d:\d\d/);
      expect(await page.title()).toBe("Status – Seine");

      // 2, 4, 8, 15, 30 and again 30 seconds apart; nothing in between.
      const delays = [2, 4, 8, 15, 30, 30];
      for (const [index, delay] of delays.entries()) {
        await page.clock.runFor(1_000 * delay - 1_000);
        await page.evaluate(() => undefined);
        expect(tries, `before ${delay} s have passed`).toBe(index + 1);
        await fail(1_020, delays[index + 1] ?? 30);
      }

      await server.start();
      await tick(page, 30_020);
      await settle(page, () => alert.isHidden());
      expect(await verdict(page)).toBe("Ready, with warnings");
      expect(await page.title()).toBe("Status – Seine");
    });

    test("a press of the button tries at once", async () => {
      const page = await open();
      await ready(page);
      await server.stop();
      const failed = page.waitForEvent("requestfailed");
      await page.clock.runFor(2_000);
      await failed;
      const alert = page.getByRole("alert");
      await alert.waitFor();
      await screenshot(page, "away-light-en-desktop");
      expect(await axeViolations(page)).toEqual([]);
      // Time stands still before the server is back, or on a busy machine the page's own try comes before the press.
      await pause(page);
      const button = page.getByRole("button", { name: "Try now" });
      await settle(page, () => button.isEnabled());
      await server.start();
      const answered = statusAnswer(page);
      await button.click();
      await answered;
      await settle(page, () => alert.isHidden());
    });

    test("before the first answer there is the error and nothing else", async () => {
      const page = await open("/status", {
        locale: "zh-CN",
        colorScheme: "dark",
        viewport: { width: 390, height: 844 },
      });
      await ready(page);
      await page.route("**/api/status", (route) => route.abort("connectionrefused"));
      await page.reload();
      await page.getByRole("alert").waitFor();
      expect(await page.getByRole("table").count()).toBe(0);
      expect(await axeViolations(page)).toEqual([]);
      await screenshot(page, "away-first-dark-zh-phone");
    });
  });

  test("a refusal shows the server's reason and the id of the request", async () => {
    server.mode = "refuse";
    const page = await open();
    const alert = page.getByRole("alert");
    await alert.waitFor();
    expect(await alert.textContent()).toContain("HTTP 503");
    expect(await alert.textContent()).toContain("the store is locked");
    expect(await page.getByRole("main").textContent()).toContain("Request srv-1");
  });

  test("an answer of another shape names the field", async () => {
    server.mode = "garbage";
    const page = await open();
    await page.getByRole("alert").waitFor();
    expect(await page.getByRole("alert").textContent()).toContain("version: expected a string, found number");
  });

  describe("signing in", () => {
    beforeEach(() => {
      server.guarded = true;
      server.tokens.add("good-Token_1");
    });

    test("a link signs in, and its token stays nowhere", async () => {
      const page = await open("/status#token=good-Token_1");
      await ready(page);
      expect(page.url()).toBe(`${server.origin}/status`);
      expect(server.sessionBodies).toEqual(['{"token":"good-Token_1"}']);
      const [cookie] = await page.context().cookies();
      expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict" });
      expect(await page.evaluate(() => document.cookie + JSON.stringify({ ...localStorage }))).not.toContain(
        "good",
      );
      await page.goBack();
      expect(page.url()).not.toContain("token");
    });

    test("without a session it explains how to get a link", async () => {
      const page = await open();
      await page.getByRole("heading", { name: "Sign in with a link" }).waitFor();
      const text = await page.getByRole("main").textContent();
      expect(text).toContain("seine link");
      expect(text).toContain("seine up");
      expect(text).toContain(`${server.origin}/#token=`);
      expect(await page.title()).toBe("Sign in – Seine");
      expect(await page.getByRole("navigation").count()).toBe(0);
      expect(await axeViolations(page)).toEqual([]);
      await screenshot(page, "signin-light-en-desktop");
      // Nothing to wait for: it does not go on asking.
      const before = server.statusCalls;
      await page.clock.runFor(120_000);
      await page.evaluate(() => undefined);
      expect(server.statusCalls).toBe(before);
    });

    test("a link opened in the same tab signs in without a load", async () => {
      const page = await open();
      await page.getByRole("heading", { name: "Sign in with a link" }).waitFor();
      await page.evaluate(() => location.assign("/status#token=good-Token_1"));
      await ready(page);
      expect(page.url()).toBe(`${server.origin}/status`);
    });

    test("a used link says so; another tab's session counts after a look again", async () => {
      const page = await open("/status#token=used", {
        locale: "zh-CN",
        colorScheme: "dark",
        viewport: { width: 390, height: 844 },
      });
      await page.getByRole("alert").waitFor();
      expect(await page.getByRole("alert").textContent()).toContain("此链接已失效");
      expect(page.url()).toBe(`${server.origin}/status`);
      expect(await axeViolations(page)).toEqual([]);
      await screenshot(page, "signin-refused-dark-zh-phone");
      await page.context().addCookies([{ name: "seine_session", value: "1", url: server.origin }]);
      await page.getByRole("button", { name: "已在别的标签页登录" }).click();
      await ready(page);
    });

    test("a link that met no answer is tried again with the same token", async () => {
      const page = await open();
      await page.getByRole("heading", { name: "Sign in with a link" }).waitFor();
      await server.stop();
      await page.evaluate(() => {
        location.hash = "#token=good-Token_1";
      });
      await page.getByRole("alert").waitFor();
      expect(page.url()).toBe(`${server.origin}/status`);
      await server.start();
      await page.getByRole("button", { name: "Try now" }).click();
      await ready(page);
    });
  });

  describe("with the keyboard alone", () => {
    const focused = (page: Page) =>
      page.evaluate(() => {
        const element = document.activeElement as HTMLElement | null;
        const name = element?.getAttribute("aria-label") ?? element?.closest("label")?.textContent;
        return name ?? element?.textContent ?? element?.id ?? "";
      });

    test("everything is reached, in the order of the page", async () => {
      const page = await open();
      await ready(page);
      const stops: string[] = [];
      for (let i = 0; i < 15; i++) {
        await page.keyboard.press("Tab");
        stops.push(await focused(page));
      }
      expect(stops.slice(0, 13)).toEqual([
        "Skip to content",
        "Seine",
        "Go anywhere (Ctrl+K)",
        "New conversation",
        "Search conversations",
        "Show the archive",
        "Runs",
        "Models",
        "API keys",
        "Settings",
        "Status",
        "English",
        "Same as the system",
      ]);
      expect(stops[13]).toContain("Copy seine model pull");
      expect(await page.evaluate(() => document.activeElement?.getAttribute("type"))).toBe("search");
    });

    test("the skip link goes to the content and leaves the address alone", async () => {
      const page = await open();
      await ready(page);
      await page.keyboard.press("Tab");
      expect(await page.getByRole("link", { name: "Skip to content" }).boundingBox()).toMatchObject({
        x: 12,
        y: 12,
      });
      await page.keyboard.press("Enter");
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
      expect(page.url()).toBe(`${server.origin}/status`);
      await page.keyboard.press("Tab");
      expect(await focused(page)).toContain("Copy");
    });

    test("focus is seen", async () => {
      const page = await open();
      await ready(page);
      for (let i = 0; i < 14; i++) {
        await page.keyboard.press("Tab");
        const outline = await page.evaluate(() => {
          const element = document.activeElement as HTMLElement;
          return getComputedStyle(element.closest("label") ?? element).outlineStyle;
        });
        expect(outline).toBe("solid");
      }
    });

    test("arrows choose language and theme, and the choice is remembered", async () => {
      const page = await open();
      await ready(page);
      const html = () =>
        page.evaluate(() => {
          const { lang, dataset } = document.documentElement;
          return `${lang} ${dataset.theme} ${getComputedStyle(document.documentElement).backgroundColor}`;
        });
      expect(await html()).toBe("en system rgb(243, 245, 245)");
      for (let i = 0; i < 12; i++) await page.keyboard.press("Tab");
      await page.keyboard.press("ArrowRight");
      await page.getByRole("heading", { name: "检查" }).waitFor();
      await page.keyboard.press("Tab");
      await page.keyboard.press("ArrowRight");
      await expect.poll(html).toBe("zh-CN dark rgb(12, 18, 20)");
      await page.reload();
      await page.getByRole("heading", { name: "检查" }).waitFor();
      expect(await html()).toBe("zh-CN dark rgb(12, 18, 20)");
      expect(await page.title()).toBe("状态 – Seine");
    });
  });

  test("metrics are searched, and an empty result offers the way back", async () => {
    const page = await open();
    await ready(page);
    const box = page.getByRole("searchbox", { name: "Search metrics" });
    await box.fill("log");
    await page.getByText("Shown: 1 of 12").waitFor();
    expect(await page.getByRole("rowheader").count()).toBe(1);
    await box.fill("no such thing");
    await page.getByText("No metric matches “no such thing”.").waitFor();
    await page.getByRole("button", { name: "Clear the search" }).click();
    await page.getByText("Shown: 12 of 12").waitFor();
    expect(await box.inputValue()).toBe("");
  });

  test("a command is copied", async () => {
    const page = await open("/status", { permissions: ["clipboard-read", "clipboard-write"] });
    await ready(page);
    await page.getByRole("button", { name: /^Copy seine model/ }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
      "seine model pull deepseek-v2-lite",
    );
  });

  test("numbers follow the server", async () => {
    const page = await open();
    await ready(page);
    await freeze(page);
    const figure = async (name: string) =>
      (await page
        .locator("dl div", { has: page.getByText(name, { exact: true }) })
        .first()
        .textContent()) ?? "";
    // Whatever was read so far, this reading comes from a new life of the server: history begins again.
    server.restart();
    await tick(page);
    await settle(page, async () => (await figure("Requests per second")).includes("Known after the second"));
    expect(await figure("Open connections")).toContain("3");
    await tick(page);
    // 84 answers with 200 and one with 404 in the 2 s between readings 0 and 1 of the fixture.
    await settle(page, async () => (await figure("Requests per second")).includes("42.5"));
    expect(await figure("Open connections")).toContain("4");
    // Of those 84, 82 took up to 25 ms and all up to 50 ms: p99 is 25 + 25 * (83.16 - 82) / 2.
    expect(await figure("Latency")).toContain("39.5 ms");
    const chart = page.getByRole("img", { name: /^Memory: now 48/ });
    await chart.waitFor();
  });

  test("pointing at a chart shows the value there", async () => {
    const page = await open();
    await ready(page);
    for (let i = 0; i < 30; i++) await tick(page);
    const plot = page.locator("figure .u-over").first();
    const box = await plot.boundingBox();
    if (!box) throw new Error("no plot");
    await page.mouse.move(box.x + box.width * 0.9, box.y + box.height / 2);
    await expect.poll(() => page.locator("figcaption").first().textContent()).toMatch(/\d\d:\d\d:\d\d/);
    await page.mouse.move(0, 0);
    await expect.poll(() => page.locator("figcaption").first().textContent()).not.toMatch(/\d\d:\d\d:\d\d/);
  });

  test("empty states teach", async () => {
    server.changes = { checks: [], metrics: [], listen: [] };
    const page = await open();
    await page.getByText("This server reports no checks.").waitFor();
    const text = await page.getByRole("main").textContent();
    expect(text).toContain("Send it a request and the first metrics appear here.");
    expect(text).toContain("No address: it listens nowhere yet.");
    expect(text).toContain("The server sends no latency histogram");
    expect(await axeViolations(page)).toEqual([]);
    await screenshot(page, "empty-light-en-desktop");
  });

  test("what fails comes first, with the command that mends it", async () => {
    const checks = statusJson(0).checks;
    checks.push({ name: "port", status: "fail", message: { en: "Taken.", zh: "x" }, fix: "seine down" });
    server.changes = { checks, ready: false };
    const page = await open("/status", { colorScheme: "dark" });
    await ready(page);
    expect(await verdict(page)).toBe("Not ready");
    expect(await page.getByRole("main").locator("ul li", { hasText: "port" }).textContent()).toContain(
      "seine down",
    );
    const names = await page.locator("li p:first-child > span:first-child").allTextContents();
    expect(names).toEqual(["port", "model", "store", "disk"]);
    await screenshot(page, "failing-dark-en-desktop");
  });

  test("text from the server stays text", async () => {
    const markup = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    const base = statusJson(0);
    server.changes = {
      version: markup,
      data_dir: markup,
      listen: ["javascript:alert(1)", markup],
      log_level: markup,
      checks: [{ name: markup, status: "warn", message: { en: markup, zh: markup }, fix: markup }],
      metrics: base.metrics.map((metric) => ({ ...metric, help: markup })),
    };
    const page = await open();
    await ready(page);
    expect(await page.locator("main img, main script, main a[href^=javascript]").count()).toBe(0);
    expect(await page.title()).toBe("Status – Seine");
    expect(await page.getByText(markup).count()).toBeGreaterThan(5);
  });

  test("long words stay inside a narrow screen", async () => {
    const long = "x".repeat(300);
    const base = statusJson(0);
    server.changes = {
      version: long,
      commit: long,
      data_dir: `/${long}`,
      listen: [`http://${long}`],
      checks: [{ name: long, status: "fail", message: { en: long, zh: long }, fix: long }],
      metrics: base.metrics.map((metric) => ({ ...metric, help: long, name: `${metric.name}${long}` })),
    };
    const page = await open("/status", { viewport: { width: 390, height: 844 } });
    await ready(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });

  test("who asked for less motion gets none", async () => {
    const page = await open("/status", { reducedMotion: "reduce" });
    await ready(page);
    expect(await page.locator(".breathe").evaluate((dot) => getComputedStyle(dot).animationName)).toBe(
      "none",
    );
  });

  test("text at twice its size still fits", async () => {
    // 1280 px at 200 % zoom is a viewport of 640 px (WCAG 1.4.4).
    const page = await open("/status", { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 });
    await ready(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(640);
  });

  test("the stub page keeps to the same policy", async () => {
    await server.stop();
    server = new ScriptedServer(kStub);
    await server.start();
    const page = await open();
    await page.getByRole("heading", { name: "The console is not in this build" }).waitFor();
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).toBe(
      "rgb(243, 245, 245)",
    );
    expect(await axeViolations(page)).toEqual([]);
    await screenshot(page, "stub-light");
  });
});
