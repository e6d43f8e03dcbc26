import { readFileSync } from "node:fs";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import type { Catalogue, Key } from "./src/i18n/catalogue.ts";
import { en } from "./src/i18n/en.ts";
import { zh } from "./src/i18n/zh.ts";

/** index.html takes its words from the catalogues too, in both languages where they differ: %key%. */
function words(): Plugin {
  const inEnglish: Catalogue = en;
  const both = (key: Key) => [...new Set([inEnglish[key], zh[key]])].join(" / ");
  return {
    name: "seine-words",
    transformIndexHtml: (html) =>
      html.replace(/%([\w.]+)%/g, (whole, key: string) => (key in en ? both(key as Key) : whole)),
  };
}

/** The first paint waits for the script: it knows the chosen theme. */
function paintOnce(): Plugin {
  return {
    name: "seine-paint-once",
    enforce: "post",
    transformIndexHtml: {
      order: "post",
      handler: (html) => html.replace('<script type="module"', '<script type="module" blocking="render"'),
    },
  };
}

/** KaTeX names its fonts in three formats; every browser that runs this console reads the smallest. */
function woff2Only(): Plugin {
  return {
    name: "seine-woff2-only",
    enforce: "pre",
    transform: (code, id) =>
      /katex.*\.css/.test(id)
        ? { code: code.replace(/,url\([^)]*\.(?:woff|ttf)\) format\("[a-z]+"\)/g, ""), map: null }
        : undefined,
  };
}

const kDiagramFiles = {
  "diagram/index.html": "diagram/index.html",
  "diagram/frame.js": "diagram/frame.js",
  "diagram/mermaid.js": "node_modules/@mermaid-js/tiny/dist/mermaid.tiny.js",
};

/** The page that draws diagrams: beside the console and not of it, under a policy of its own (gateway/console.cc). */
function diagramPage(): Plugin {
  const read = (file: string) => readFileSync(new URL(file, import.meta.url));
  return {
    name: "seine-diagram-page",
    generateBundle() {
      for (const [fileName, file] of Object.entries(kDiagramFiles)) {
        this.emitFile({ type: "asset", fileName, source: read(file) });
      }
    },
    configureServer(server) {
      for (const [path, file] of Object.entries(kDiagramFiles)) {
        server.middlewares.use(`/${path}`, (_, response) => {
          response.setHeader("content-type", path.endsWith(".js") ? "text/javascript" : "text/html");
          response.end(read(file));
        });
      }
    },
  };
}

export default defineConfig({
  plugins: [diagramPage(), woff2Only(), react(), tailwindcss(), words(), paintOnce()],
  build: {
    outDir: process.env.SEINE_CONSOLE_DIST ?? "dist",
    emptyOutDir: true,
    // The first versions with light-dark() and CSS nesting: May 2024.
    target: ["chrome123", "firefox121", "safari17.5"],
    assetsInlineLimit: 0, // data: URLs are for images only; files get a hash and live in the cache
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { proxy: { "/api": "http://127.0.0.1:8480" } },
});
