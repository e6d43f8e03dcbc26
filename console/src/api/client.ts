// The one way to the server. Every call has a deadline, a request id that the server logs, and ends in a
// decoded value or an ApiError. It never retries: whoever calls knows whether that makes sense.
import { ApiError, ContractError } from "./errors.ts";

export interface CallOptions<T> {
  method?: "GET" | "POST";
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** How long until the call counts as failed, body included. */
  timeoutMs?: number;
  decode: (body: unknown) => T;
}

const kTimeoutMs = 5_000;
// An answer beyond this is not one of ours. Checked on the header before the body is read.
const kBodyBytesMax = 16 << 20;

export async function call<T>(path: string, options: CallOptions<T>): Promise<T> {
  const ownId = newRequestId();
  const deadline = AbortSignal.timeout(options.timeoutMs ?? kTimeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
  const headers: Record<string, string> = { accept: "application/json", "x-request-id": ownId };
  if (options.body !== undefined) headers["content-type"] = "application/json";

  let requestId = ownId;
  try {
    const response = await fetch(path, {
      method: options.method ?? "GET",
      headers,
      signal,
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
    requestId = response.headers.get("x-request-id") ?? ownId;
    if (Number(response.headers.get("content-length") ?? 0) > kBodyBytesMax) {
      throw new ContractError(`the body is larger than ${kBodyBytesMax} bytes`);
    }
    const text = await response.text();
    if (!response.ok) {
      const failure = response.status === 401 ? "unauthorized" : "refused";
      throw new ApiError(failure, requestId, errorMessage(text), response.status);
    }
    return options.decode(text === "" ? undefined : JSON.parse(text));
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    if (cause instanceof ApiError) throw cause;
    if (cause instanceof ContractError || cause instanceof SyntaxError) {
      throw new ApiError("malformed", requestId, cause.message);
    }
    throw new ApiError(deadline.aborted ? "timeout" : "unreachable", requestId, "");
  }
}

/** The sentence in {"error":{"message":…}}, or nothing: other bodies (a proxy's HTML page) help nobody. */
function errorMessage(text: string): string {
  try {
    const message = (JSON.parse(text) as { error?: { message?: unknown } } | null)?.error?.message;
    return typeof message === "string" ? message.slice(0, 500) : "";
  } catch {
    return "";
  }
}

// crypto.randomUUID is missing on plain http beyond loopback; getRandomValues is not.
function newRequestId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `web-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
