// How the console looks: both themes, both languages, a desktop and a phone; each free of complaints and of axe's.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axeViolations } from "../support/axe.ts";
import { chromiumIsThere, launch, openPage, screenshot } from "../support/browser.ts";
import { ScriptedServer } from "../support/server.ts";

const kDist = new URL("../../dist", import.meta.url).pathname;
const kViewports = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };

describe.skipIf(!chromiumIsThere)("the console in a browser looks right", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  for (const theme of ["light", "dark"] as const) {
    for (const locale of ["en-US", "zh-CN"] as const) {
      for (const [device, viewport] of Object.entries(kViewports)) {
        test(`status page: ${theme}, ${locale}, ${device}`, async () => {
          const server = new ScriptedServer(kDist);
          await server.start();
          const { page, complaints, close } = await openPage(browser, {
            colorScheme: theme,
            locale,
            viewport,
          });
          try {
            await page.clock.install({ time: new Date("2026-01-03T05:07:00Z") });
            await page.goto(`${server.origin}/status`);
            await page.getByRole("table").waitFor();
            // A minute of readings in one go.
            for (let reading = 0; reading < 30; reading++) {
              const answered = page.waitForResponse("**/api/status");
              await page.clock.runFor(2_000);
              await answered;
            }
            await page.getByRole("img").first().waitFor();
            await screenshot(page, `status-${theme}-${locale.slice(0, 2)}-${device}`);
            expect(await axeViolations(page)).toEqual([]);
            const widest = await page.evaluate(() => document.documentElement.scrollWidth);
            expect(widest, "nothing is wider than the screen").toBeLessThanOrEqual(viewport.width);
            expect(await page.evaluate(() => document.documentElement.lang)).toBe(
              locale === "en-US" ? "en" : "zh-CN",
            );
            expect(complaints).toEqual([]);
          } finally {
            await close();
            await server.stop();
          }
        });
      }
    }
  }
});
