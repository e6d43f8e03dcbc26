import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { call } from "../../src/api/client.ts";
import * as decode from "../../src/api/decode.ts";
import { ApiError } from "../../src/api/errors.ts";
import { decodeStatus } from "../../src/api/status.ts";
import { statusJson } from "../support/status_fixture.ts";

describe("the status decoder", () => {
  test("reads what the server sends", () => {
    const status = decodeStatus(statusJson(0));
    expect(status.checks[2]?.message.en).toContain("No model");
    const histogram = status.metrics[1]?.series[0]?.value;
    expect(histogram).toMatchObject({ count: 5_000 });
    expect(typeof histogram === "object" && histogram.buckets.at(-1)).toEqual([
      Number.POSITIVE_INFINITY,
      5_000,
    ]);
  });

  test("lets a newer server say more", () => {
    expect(() => decodeStatus({ ...statusJson(0), added_later: 1 })).not.toThrow();
  });

  // Every field of the contract, removed or of the wrong kind, is named in the error.
  const kOptional = ["fix"];
  const paths: (string | number)[][] = [];
  const collect = (value: unknown, path: (string | number)[]) => {
    if (path.includes("labels") && path.at(-1) !== "labels") return;
    if (path.length > 0) paths.push(path);
    if (Array.isArray(value)) collect(value[0], [...path, 0]);
    else if (typeof value === "object" && value !== null) {
      for (const [name, entry] of Object.entries(value)) collect(entry, [...path, name]);
    }
  };
  collect({ ...statusJson(0), metrics: statusJson(0).metrics.slice(1, 2) }, []);

  test.each(paths.filter((path) => path.at(-1) !== undefined).map((path) => [path.join("."), path] as const))(
    "names %s when it is wrong",
    (_name, path) => {
      const json = structuredClone({ ...statusJson(0), metrics: statusJson(0).metrics.slice(1, 2) });
      const last = path.at(-1) as string;
      const parent = path
        .slice(0, -1)
        .reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], json);
      (parent as Record<string, unknown>)[last] = Symbol.iterator;
      const written = path.reduce<string>((text, step) => {
        return typeof step === "number" ? `${text}[${step}]` : text === "" ? step : `${text}.${step}`;
      }, "");
      expect(() => decodeStatus(json)).toThrow(written);
      delete (parent as Record<string, unknown>)[last];
      if (typeof path.at(-1) === "number") return;
      if (kOptional.includes(last)) expect(() => decodeStatus(json)).not.toThrow();
      else expect(() => decodeStatus(json)).toThrow(written);
    },
  );

  test.each([undefined, null, 7, "text", [], [[]]])("refuses %j", (body) => {
    expect(() => decodeStatus(body)).toThrow(/expected/);
  });
});

describe("the client", () => {
  const fetchMock = vi.fn<typeof fetch>();
  beforeEach(() => vi.stubGlobal("fetch", fetchMock));
  afterEach(() => {
    vi.unstubAllGlobals();
    fetchMock.mockReset();
  });

  const answer = (status: number, body: string | null, headers: Record<string, string> = {}) =>
    fetchMock.mockResolvedValue(new Response(body, { status, headers }));
  const get = () => call("/api/x", { decode: (body) => decode.object(body, "x") });
  const failure = async () => {
    const error = await get().then(
      () => undefined,
      (cause: unknown) => cause,
    );
    expect(error).toBeInstanceOf(ApiError);
    return error as ApiError;
  };

  test("sends a request id of its own, and no body with GET", async () => {
    answer(200, "{}");
    await get();
    const [path, init] = fetchMock.mock.calls[0] ?? [];
    expect(path).toBe("/api/x");
    expect(init?.headers).toMatchObject({ "x-request-id": expect.stringMatching(/^web-[0-9a-f]{16}$/) });
    expect(init).not.toHaveProperty("body");
  });

  test("posts JSON and takes an empty answer", async () => {
    answer(204, null);
    await call("/api/x", { method: "POST", body: { a: 1 }, decode: (body) => expect(body).toBeUndefined() });
    expect(fetchMock.mock.calls[0]?.[1]).toMatchObject({
      method: "POST",
      body: '{"a":1}',
      redirect: "error",
    });
  });

  test("reports the server's id and sentence", async () => {
    answer(503, '{"error":{"message":"the store is locked"}}', { "x-request-id": "srv-9" });
    expect(await failure()).toMatchObject({
      failure: "refused",
      status: 503,
      requestId: "srv-9",
      message: "the store is locked",
    });
  });

  test("says nothing of an error page that is not ours", async () => {
    answer(502, "<html>bad gateway</html>");
    expect(await failure()).toMatchObject({ failure: "refused", status: 502, message: "" });
  });

  test("tells a missing session from other refusals", async () => {
    answer(401, "{}");
    expect(await failure()).toMatchObject({ failure: "unauthorized" });
  });

  test.each(["", "<html>", "[]", '"text"'])("calls %j malformed", async (body) => {
    answer(200, body);
    expect(await failure()).toMatchObject({ failure: "malformed" });
  });

  test("refuses a body beyond the limit before it reads it", async () => {
    answer(200, "{}", { "content-length": String(64 << 20) });
    expect(await failure()).toMatchObject({
      failure: "malformed",
      message: expect.stringContaining("16777216"),
    });
  });

  test("tells no answer from a late one", async () => {
    fetchMock.mockRejectedValue(new TypeError("connection refused"));
    expect(await failure()).toMatchObject({
      failure: "unreachable",
      requestId: expect.stringMatching(/^web-/),
    });
    vi.spyOn(AbortSignal, "timeout").mockReturnValue(AbortSignal.abort());
    expect(await failure()).toMatchObject({ failure: "timeout" });
    vi.restoreAllMocks();
  });

  test("lets a call that was called off go by its own name", async () => {
    const reason = new Error("called off");
    fetchMock.mockRejectedValue(reason);
    const called = call("/api/x", { signal: AbortSignal.abort(), decode: () => undefined });
    await expect(called).rejects.toBe(reason);
  });
});
