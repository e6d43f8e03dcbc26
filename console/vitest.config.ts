import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        extends: "./vite.config.ts",
        test: { name: "unit", include: ["test/unit/**/*.test.{ts,tsx}"], environment: "node" },
      },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          environment: "node",
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 30_000 } }, // the default of 1 s is too little for a busy machine
          maxWorkers: 2, // each file starts a browser of its own
          sequence: { groupOrder: 1 }, // after the unit tests, which take all processors
        },
      },
    ],
  },
});
