// The one way to the server. Every call has a deadline, a request id that the server logs, and ends in a
// decoded value or an ApiError. It never retries: whoever calls knows whether that makes sense.
import { ApiError, ContractError } from "./errors.ts";
import { readEvents, type ServerEvent } from "./sse.ts";

export interface CallOptions<T> {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Sent as JSON; a Blob is sent as the bytes it is. */
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** How long until the call counts as failed, body included. */
  timeoutMs?: number;
  decode: (body: unknown) => T;
}

const kTimeoutMs = 5_000;
// An answer beyond this is not one of ours. Checked on the header before the body is read.
const kBodyBytesMax = 16 << 20;
// A stream says something each 10 s, if only a comment: beyond this the peer is gone.
const kStreamSilenceMs = 45_000;

export async function call<T>(path: string, options: CallOptions<T>): Promise<T> {
  const deadline = AbortSignal.timeout(options.timeoutMs ?? kTimeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
  const { init, ownId } = prepare(options.method ?? "GET", options.body, signal);
  let requestId = ownId;
  try {
    const response = await fetch(path, init);
    requestId = response.headers.get("x-request-id") ?? ownId;
    if (Number(response.headers.get("content-length") ?? 0) > kBodyBytesMax) {
      throw new ContractError(`the body is larger than ${kBodyBytesMax} bytes`);
    }
    const text = await response.text();
    if (!response.ok) throw refusal(response.status, requestId, text);
    return options.decode(text === "" ? undefined : JSON.parse(text));
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw asApiError(cause, requestId, deadline.aborted ? "timeout" : "unreachable");
  }
}

/**
 * A call answered by server-sent events: a POST of the body, a GET without one. `lastId`: the events after it. Ends when the server ends the stream; a silence that is too long, or a
 * connection that breaks, throws an ApiError; the signal's abort throws as fetch does.
 */
export async function* stream(
  path: string,
  body: unknown,
  signal: AbortSignal,
  lastId = "",
): AsyncGenerator<ServerEvent & { requestId: string }> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), kStreamSilenceMs);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), kStreamSilenceMs);
  };
  const method = body === undefined ? "GET" : "POST";
  const { init, ownId } = prepare(method, body, AbortSignal.any([signal, silence.signal]));
  let requestId = ownId;
  let open = false;
  try {
    const response = await fetch(path, {
      ...init,
      headers: {
        ...init.headers,
        accept: "text/event-stream",
        ...(lastId === "" ? {} : { "last-event-id": lastId }),
      },
    });
    requestId = response.headers.get("x-request-id") ?? ownId;
    if (!response.ok) throw refusal(response.status, requestId, await response.text());
    if (!response.body) throw new ContractError("the stream has no body");
    open = true;
    for await (const event of readEvents(response.body, alive)) yield { ...event, requestId };
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw asApiError(cause, requestId, silence.signal.aborted ? "timeout" : open ? "broken" : "unreachable");
  } finally {
    clearTimeout(timer);
  }
}

function prepare(method: string, body: unknown, signal: AbortSignal) {
  const ownId = newRequestId();
  const headers: Record<string, string> = {
    accept: "application/json",
    // What the server refuses, it says in the language of the page. Unit tests run without one.
    ...(typeof document === "undefined" ? {} : { "accept-language": document.documentElement.lang }),
    "x-request-id": ownId,
  };
  const raw = body instanceof Blob;
  if (body !== undefined) headers["content-type"] = raw ? "application/octet-stream" : "application/json";
  const init = {
    method,
    headers,
    signal,
    credentials: "same-origin" as const,
    cache: "no-store" as const,
    redirect: "error" as const,
    ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
  };
  return { init, ownId };
}

function refusal(status: number, requestId: string, text: string): ApiError {
  const failure = status === 401 ? "unauthorized" : status === 404 ? "missing" : "refused";
  return new ApiError(failure, requestId, errorMessage(text), status);
}

function asApiError(cause: unknown, requestId: string, otherwise: "timeout" | "unreachable" | "broken") {
  if (cause instanceof ApiError) return cause;
  if (cause instanceof ContractError || cause instanceof SyntaxError) {
    return new ApiError("malformed", requestId, cause.message);
  }
  return new ApiError(otherwise, requestId, "");
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
export function newRequestId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `web-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
