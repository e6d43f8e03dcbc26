import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("the lock file is complete, and tied to no registry", () => {
  const text = readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8");
  expect(text).not.toMatch(/"resolved"|registry/);
  const { packages } = JSON.parse(text) as { packages: Record<string, { optionalDependencies?: object }> };
  const missing = Object.values(packages)
    .flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}))
    .filter((name) => !Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`)));
  expect(missing, "npm run lock adds them").toEqual([]);
});
