// How the console looks: both themes, both languages, a desktop and a phone; each free of complaints and of axe's.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumIsThere, launch, openPage, screenshot } from "../support/browser.ts";
import { ScriptedServer } from "../support/server.ts";

const kDist = new URL("../../dist", import.meta.url).pathname;
const kAxe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const kViewports = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };

async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(kAxe); // through the debugger: the page's own policy stays as strict as it is
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    const { violations } = await axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`),
    );
  });
}

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
            await page.goto(server.origin);
            await page.getByRole("table").waitFor();
            // Four minutes of readings in one go.
            for (let reading = 0; reading < 120; reading++) {
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
