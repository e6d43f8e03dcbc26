// A stand-in for the server in browser tests: serves the built console under the strict policy and answers the API
// from a script that the test changes as it goes. Loopback only, on a port of the kernel's choice, which it keeps
// when it goes away and comes back.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { json, ScriptedApi } from "./api.ts";
import { type StatusJson, statusJson } from "./status_fixture.ts";

export const kPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Of the page that draws diagrams. */
const kDiagramPolicy = [
  "sandbox allow-scripts",
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join("; ");

const kTypes: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

export class ScriptedServer {
  /** What the next status call gets. */
  mode: "ok" | "refuse" | "garbage" = "ok";
  changes: Partial<StatusJson> = {};
  /** Without a cookie, 401; tokens sign in once. */
  guarded = false;
  tokens = new Set<string>();
  /** How many status calls were answered or refused, and what signed-in calls carried. */
  statusCalls = 0;
  sessionBodies: string[] = [];

  readonly api = new ScriptedApi();
  readonly #root: string;
  #port = 0;
  #server: Server | undefined;
  #reading = 0;

  constructor(root: string) {
    this.#root = root;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, "127.0.0.1", resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Another process: counters begin again. */
  restart(): void {
    this.changes = { ...this.changes, pid: 4243 };
    this.#reading = 0;
  }

  /** Goes away: refuses new connections and cuts the open ones. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("content-security-policy", kPolicy);
    response.setHeader("x-content-type-options", "nosniff");
    const url = new URL(request.url ?? "/", this.origin);
    const path = url.pathname;
    if (path === "/api/status") return this.#status(request, response);
    if (path === "/api/session" && request.method === "POST") return this.#session(request, response);
    if (path.startsWith("/api/")) {
      if (this.guarded && request.headers.cookie !== "seine_session=1") {
        json(response, 401, { error: { message: "no session" } });
      } else if (!(await this.api.handle(request, response, url))) {
        json(response, 404, { error: { message: "there is nothing at this path" } });
      }
      return;
    }
    if (path.startsWith("/diagram/")) {
      response.setHeader("content-security-policy", kDiagramPolicy);
      response.setHeader("cross-origin-resource-policy", "cross-origin");
    }
    // Paths of pages are the console's own affair.
    const page = request.headers.accept?.includes("text/html") && !extname(path);
    this.#file(page ? "/" : path, response);
  }

  #status(request: IncomingMessage, response: ServerResponse): void {
    this.statusCalls++;
    response.setHeader("x-request-id", `srv-${this.statusCalls}`);
    if (this.guarded && request.headers.cookie !== "seine_session=1") {
      json(response, 401, { error: { message: "no session" } });
    } else if (this.mode === "refuse") {
      json(response, 503, { error: { message: "the store is locked" } });
    } else if (this.mode === "garbage") {
      json(response, 200, { version: 7 });
    } else {
      json(response, 200, statusJson(this.#reading++, this.changes));
    }
  }

  async #session(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const piece of request) body += piece;
    this.sessionBodies.push(body);
    const token = (JSON.parse(body) as { token: string }).token;
    if (!this.tokens.delete(token)) {
      json(response, 401, { error: { message: "unknown token" } });
      return;
    }
    response.writeHead(204, { "set-cookie": "seine_session=1; HttpOnly; SameSite=Strict; Path=/" }).end();
  }

  #file(path: string, response: ServerResponse): void {
    const file = join(this.#root, normalize(path === "/" ? "/index.html" : path));
    if (!file.startsWith(this.#root) || !existsSync(file) || !statSync(file).isFile()) {
      json(response, 404, { error: { message: "not found" } });
      return;
    }
    response.setHeader("content-type", kTypes[extname(file)] ?? "application/octet-stream");
    createReadStream(file).pipe(response);
  }
}
