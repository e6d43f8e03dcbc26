// Models on this machine: what they can do, whether they are loaded, and what loading one would take.
import { call } from "./client.ts";
import * as decode from "./decode.ts";

export interface Progress {
  phase: string;
  done: number;
  total: number;
  /** Units of `done` a second. */
  rate: number;
}

export interface Model {
  id: string;
  state: "ready" | "loading" | "unloaded" | "failed";
  architecture: string;
  /** How the weights are stored: "q4_k" and the like. */
  type: string;
  path: string;
  fileBytes: number | null;
  contextTokens: number | null;
  memoryBytes: number | null;
  thinks: boolean;
  callsTools: boolean;
  citesSpans: boolean;
  embeds: boolean;
  isDefault: boolean;
  progress: Progress | null;
  error: string | null;
}

export interface Estimate {
  weightsBytes: number;
  kvBytes: number;
  otherBytes: number;
  totalBytes: number;
  availableBytes: number;
  fits: boolean;
}

const at = (id: string) => `/api/models/${encodeURIComponent(id)}`;
const nothing = () => undefined;

export function fetchModels(signal?: AbortSignal): Promise<Model[]> {
  return call("/api/models", { signal, decode: (body) => decode.page(body, "models", decodeModel).items });
}

/** Tokens of one conversation, and how many of them have room side by side; 0: as the model was made. */
export interface Room {
  context: number;
  batch: number;
}

export function fetchEstimate(id: string, room: Room, signal?: AbortSignal): Promise<Estimate> {
  return call(`${at(id)}/estimate?context=${room.context}&batch=${room.batch}`, {
    signal,
    decode: (body) => {
      const json = decode.object(body, "estimate");
      const bytes = (name: string) => decode.number(json[name], `estimate.${name}`);
      return {
        weightsBytes: bytes("weights_bytes"),
        kvBytes: bytes("kv_bytes"),
        otherBytes: bytes("other_bytes"),
        totalBytes: bytes("total_bytes"),
        availableBytes: bytes("available_bytes"),
        fits: decode.boolean(json.fits, "estimate.fits"),
      };
    },
  });
}

export function loadModel(id: string, room: Room): Promise<void> {
  return call(`${at(id)}/load`, { method: "POST", body: room, decode: nothing });
}

export function unloadModel(id: string): Promise<void> {
  return call(`${at(id)}/unload`, { method: "POST", body: {}, decode: nothing });
}

export function makeDefault(id: string): Promise<void> {
  return call(`${at(id)}/default`, { method: "POST", body: {}, decode: nothing });
}

export function decodeModel(value: unknown, path: string): Model {
  const json = decode.object(value, path);
  const text = (name: string) => decode.optional(json[name], `${path}.${name}`, decode.string, "");
  const flag = (name: string) => decode.optional(json[name], `${path}.${name}`, decode.boolean, false);
  const count = (name: string) => decode.optional(json[name], `${path}.${name}`, decode.number, null);
  return {
    id: decode.string(json.id, `${path}.id`),
    state: decode.oneOf(json.state, `${path}.state`, ["ready", "loading", "unloaded", "failed"]),
    architecture: text("architecture"),
    type: text("type"),
    path: text("path"),
    fileBytes: count("file_bytes"),
    contextTokens: count("context_tokens"),
    memoryBytes: count("memory_bytes"),
    thinks: flag("thinks"),
    callsTools: flag("calls_tools"),
    citesSpans: flag("cites_spans"),
    embeds: flag("embeds"),
    isDefault: flag("default"),
    progress: decode.optional(json.progress, `${path}.progress`, decodeProgress, null),
    error: text("error") || null,
  };
}

function decodeProgress(value: unknown, path: string): Progress {
  const json = decode.object(value, path);
  const count = (name: string) => decode.optional(json[name], `${path}.${name}`, decode.number, 0);
  return {
    phase: decode.optional(json.phase, `${path}.phase`, decode.string, ""),
    done: count("done"),
    total: count("total"),
    rate: count("rate"),
  };
}
