// How the pages of the console look: both themes, both languages, a desktop and a narrow phone; each free of
// complaints and of axe's.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axeViolations } from "../support/axe.ts";
import { chromiumIsThere, launch, openPage, screenshot } from "../support/browser.ts";
import { fill } from "../support/scenes.ts";
import { ScriptedServer } from "../support/server.ts";

const kDist = new URL("../../dist", import.meta.url).pathname;
const kViewports = { desktop: { width: 1280, height: 900 }, phone: { width: 360, height: 740 } };

interface Scene {
  name: string;
  path: (talk: string) => string;
  ready: (page: Page) => Promise<unknown>;
}

const kScenes: Scene[] = [
  { name: "welcome", path: () => "/", ready: (page) => page.getByRole("textbox").waitFor() },
  {
    name: "chat",
    path: (talk) => `/chat/${talk}`,
    ready: async (page) => {
      await page.locator(".prose table").waitFor();
      await page.locator(".katex").first().waitFor();
      // From the start of the answer, with all its parts open.
      for (const fold of await page.locator("article [aria-expanded]").all()) await fold.click();
      await page.locator(".thread-view").evaluate((view) => view.scrollTo({ top: 0 }));
    },
  },
  {
    name: "citation",
    path: (talk) => `/chat/${talk}`,
    ready: async (page) => {
      await page.locator(".cite").nth(1).click();
      await page.locator("mark").first().waitFor();
      await page.keyboard.press("Tab");
    },
  },
  { name: "runs", path: () => "/runs", ready: (page) => page.locator(".panel li").first().waitFor() },
  { name: "run", path: () => "/runs/r_1", ready: (page) => page.locator(".katex").first().waitFor() },
  { name: "models", path: () => "/models", ready: (page) => page.getByRole("progressbar").waitFor() },
  { name: "keys", path: () => "/keys", ready: (page) => page.locator(".state-chip").first().waitFor() },
  { name: "settings", path: () => "/settings", ready: (page) => page.getByRole("combobox").waitFor() },
];

describe.skipIf(!chromiumIsThere)("every page looks right", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  for (const theme of ["light", "dark"] as const) {
    for (const language of ["en", "zh"] as const) {
      for (const [device, viewport] of Object.entries(kViewports)) {
        // Each theme, language and device is examined twice, in other company each time.
        const examined = (theme === "light") === ((language === "en") === (device === "desktop"));
        test(`${theme}, ${language}, ${device}`, async () => {
          const server = new ScriptedServer(kDist);
          await server.start();
          const talk = fill(server.api, language);
          const { page, complaints, close } = await openPage(browser, {
            colorScheme: theme,
            locale: language === "en" ? "en-US" : "zh-CN",
            viewport,
          });
          try {
            await page.clock.install({ time: new Date("2026-01-03T05:07:00Z") });
            const found: string[] = [];
            for (const scene of kScenes) {
              await page.goto(server.origin + scene.path(talk));
              await scene.ready(page);
              const widest = await page.evaluate(() => document.documentElement.scrollWidth);
              expect(widest, `${scene.name}: nothing is wider than the screen`).toBeLessThanOrEqual(
                viewport.width,
              );
              await screenshot(page, `${scene.name}-${theme}-${language}-${device}`);
              if (!examined) continue;
              found.push(...(await axeViolations(page)).map((violation) => `${scene.name}: ${violation}`));
            }
            expect(found).toEqual([]);
            expect(complaints).toEqual([]);
          } finally {
            await close();
            await server.stop();
          }
        }, 180_000);
      }
    }
  }
});
