// npm test: format and lint, types, the build, unit tests, browser tests. The last line is `N passed, N failed`; a
// step without tests of its own (Biome, TypeScript, Vite) counts as one.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const kRoot = fileURLToPath(new URL("..", import.meta.url));
const kReport = `${kRoot}test-results/vitest.json`;
let passed = 0;
let failed = 0;

function run(name, ...words) {
  console.log(`console: ${name}`);
  const { status } = spawnSync(process.execPath, words, { cwd: kRoot, stdio: "inherit" });
  return status === 0;
}

function step(name, ...words) {
  if (run(name, ...words)) passed++;
  else {
    failed++;
    console.log(`FAILED: ${name}`);
  }
}

step("biome", "node_modules/@biomejs/biome/bin/biome", "check", ".");
step("types", "node_modules/typescript/bin/tsc");
step("build", "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn");

if (!existsSync(process.env.SEINE_CHROMIUM ?? "/usr/bin/chromium")) {
  console.log("skipped: no /usr/bin/chromium for the browser tests (apt-get install chromium)");
}
mkdirSync(`${kRoot}test-results`, { recursive: true });
const reporters = ["--reporter=dot", "--reporter=json", `--outputFile.json=${kReport}`];
const ended = run("tests", "node_modules/vitest/vitest.mjs", "run", ...reporters);
try {
  const report = JSON.parse(readFileSync(kReport, "utf8"));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  // A file that does not even load has no failed tests of its own.
  if (!ended && report.numFailedTests === 0) failed++;
  for (const { assertionResults } of report.testResults)
    for (const { status, fullName, failureMessages } of assertionResults)
      if (status === "failed") console.log(`FAILED: ${fullName}\n${failureMessages.join("\n")}`);
} catch {
  failed++;
}

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
