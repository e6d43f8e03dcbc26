// POST /api/files: a file that counts as a source of the questions that name it.
import { call } from "./client.ts";
import * as decode from "./decode.ts";

export const kFileBytesMax = 32 << 20;
const kUploadMs = 120_000;

export interface Upload {
  id: string;
  name: string;
  bytes: number;
  characters: number;
}

export function uploadFile(file: File, signal?: AbortSignal): Promise<Upload> {
  return call(`/api/files?name=${encodeURIComponent(file.name)}`, {
    method: "POST",
    body: file,
    signal,
    timeoutMs: kUploadMs,
    decode: (body) => {
      const json = decode.object(body, "file");
      return {
        id: decode.string(json.id, "file.id"),
        name: decode.optional(json.name, "file.name", decode.string, file.name),
        bytes: decode.optional(json.bytes, "file.bytes", decode.number, file.size),
        characters: decode.optional(json.characters, "file.characters", decode.number, 0),
      };
    },
  });
}
