// One visit to the console of a running service, as a person makes it: signs in with the one-time link, looks at the
// status, asks a question over a site, opens the citation, comes back later. Takes one JSON argument, prints what it saw
// as JSON; console_test.py judges it.
import { mkdirSync } from "node:fs";
import { pathToFileURL } from "node:url";

const visit = JSON.parse(process.argv[2]);
const { chromium } = await import(pathToFileURL(`${visit.root}/console/node_modules/playwright-core/index.mjs`));

const browser = await chromium.launch({
  executablePath: visit.chromium,
  args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const seen = { complaints: [], policies: [] };
try {
  const context = await browser.newContext({ locale: visit.locale, viewport: { width: 1280, height: 900 }, colorScheme: visit.colors });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on("pageerror", (error) => seen.complaints.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) seen.complaints.push(`console: ${message.text()} ${message.location().url}`);
  });
  page.on("response", (response) => {
    if (response.request().resourceType() === "document" && response.frame() === page.mainFrame()) seen.policies.push(response.headers()["content-security-policy"] ?? "");
  });
  await page.exposeFunction("reportViolation", (text) => seen.complaints.push(`policy: ${text}`));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => globalThis.reportViolation(`${event.violatedDirective} ${event.blockedURI}`));
  });
  const shot = async (name) => {
    if (!visit.shots) return;
    mkdirSync(visit.shots, { recursive: true });
    await page.screenshot({ path: `${visit.shots}/${visit.locale}-${name}.png`, animations: "disabled" });
  };

  // The link signs in and leaves no token in the address.
  await page.goto(visit.link);
  await page.locator("textarea").waitFor();
  seen.addressAfterSignIn = page.url();
  seen.language = await page.locator("html").getAttribute("lang");
  await shot("welcome");

  // The page that draws diagrams does so with what this server sends, and stays out of reach.
  seen.diagram = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const frame = document.createElement("iframe");
        frame.setAttribute("sandbox", "allow-scripts");
        frame.src = "/diagram/index.html";
        frame.addEventListener("load", () => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = ({ data }) => {
            const reached = frame.contentDocument !== null;
            frame.remove();
            resolve({ ...data, reached });
          };
          frame.contentWindow.postMessage({ source: "flowchart LR\n  A[Source] --> B[Sea]", dark: false }, "*", [port2]);
        });
        document.body.append(frame);
      }),
  );

  await page.goto(`${visit.origin}/status`);
  await page.getByRole("table").first().waitFor();
  seen.statusHeading = await page.getByRole("heading", { level: 1 }).first().textContent();
  seen.statusText = await page.getByRole("main").innerText();
  await shot("status");

  await page.goto(`${visit.origin}/`);
  await page.getByRole("button", { name: visit.words.addSites }).click();
  await page.locator("input[type=url]").fill(visit.site);
  await page.locator("input[type=url]").press("Enter");
  await page.locator("textarea").fill(visit.question);
  await page.locator("textarea").press("Enter");
  const cite = page.locator("button.cite").first();
  await cite.waitFor();
  await page.locator(".composer button[type=submit]").waitFor(); // the answer is over
  seen.answer = await page.locator(".prose").first().innerText();
  await shot("answer");

  // The citation opens what was read, at the sentence.
  await cite.click();
  const mark = page.locator(".snapshot-body mark").first();
  await mark.waitFor();
  seen.marked = (await page.locator(".snapshot-body mark").allInnerTexts()).join("");
  seen.markIsInView = await mark.evaluate((element) => {
    const at = element.getBoundingClientRect();
    return at.top >= 0 && at.bottom <= innerHeight && at.height > 0;
  });
  await shot("citation");

  // A link to the conversation shows it, sources and all, to a browser that is not signed in; until it is taken back.
  await page.getByRole("button", { name: visit.words.share, exact: true }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: visit.words.makeLink }).click();
  const link = await dialog.getByRole("link").first().getAttribute("href");
  await shot("share");
  const guests = await browser.newContext({ locale: visit.locale, viewport: { width: 1280, height: 900 }, colorScheme: visit.colors });
  const guest = await guests.newPage();
  guest.setDefaultTimeout(60_000);
  guest.on("pageerror", (error) => seen.complaints.push(`exception: ${error.message}`));
  await guest.goto(link);
  await guest.locator("button.cite").first().click();
  const sharedMark = guest.locator(".snapshot-body mark").first();
  await sharedMark.waitFor();
  seen.sharedMark = (await guest.locator(".snapshot-body mark").allInnerTexts()).join("");
  seen.sharedText = await guest.getByRole("main").innerText();
  if (visit.shots) await guest.screenshot({ path: `${visit.shots}/${visit.locale}-shared.png`, animations: "disabled" });
  await dialog.getByRole("button", { name: visit.words.takeBack }).click();
  await dialog.getByRole("listitem").first().waitFor({ state: "detached" });
  await guest.goto(link);
  seen.takenBack = await guest.getByRole("alert").first().innerText();
  await guests.close();
  await page.keyboard.press("Escape");

  // The chat is still there after a reload, and so is its citation.
  await page.reload();
  await page.locator("button.cite").first().waitFor();
  seen.questionLater = await page.getByRole("main").innerText();
  await shot("later");

  // What the server refuses, it says in the language of the page.
  seen.refusal = await page.evaluate(async () => {
    const response = await fetch("/api/chats/none", { headers: { "accept-language": document.documentElement.lang } });
    return (await response.json()).error.message;
  });
} catch (error) {
  seen.failed = String(error);
} finally {
  await browser.close();
}
// Chromium itself reports each answer that is not 2xx; the one that was asked for on purpose is no fault.
seen.complaints = seen.complaints.filter((complaint) => !complaint.endsWith("/api/chats/none"));
console.log(JSON.stringify(seen));
