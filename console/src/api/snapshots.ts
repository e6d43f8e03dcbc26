// A page as it was read: its Markdown in blocks. All offsets are bytes of the Markdown in UTF-8.
import { call } from "./client.ts";
import * as decode from "./decode.ts";

export interface SnapshotBlock {
  kind: string;
  start: number;
  end: number;
  headingPath: string[];
  /** Where in a document it stands: "page=3", "slide=3", "sheet=Sales". */
  anchor: string | null;
}

export interface Snapshot {
  hash: string;
  url: string;
  title: string;
  site: string;
  author: string;
  published: string | null;
  fetchedAt: string | null;
  language: string;
  markdown: string;
  blocks: SnapshotBlock[];
}

/** share: the link through which the page is seen, where that is how the reader came. */
export function fetchSnapshot(hash: string, share?: string, signal?: AbortSignal): Promise<Snapshot> {
  const place = share === undefined ? "/api/snapshots" : `/api/shared/${encodeURIComponent(share)}/snapshots`;
  return call(`${place}/${encodeURIComponent(hash)}`, { signal, decode: decodeSnapshot });
}

export function decodeSnapshot(value: unknown): Snapshot {
  const json = decode.object(value, "snapshot");
  const text = (name: string) => decode.optional(json[name], `snapshot.${name}`, decode.string, null);
  return {
    hash: text("hash") ?? "",
    url: text("url") ?? "",
    title: text("title") ?? "",
    site: text("site") ?? "",
    author: text("author") ?? "",
    published: text("published") || null,
    fetchedAt: text("fetched_at") || null,
    language: text("language") ?? "",
    markdown: decode.string(json.markdown, "snapshot.markdown"),
    blocks: decode.array(json.blocks ?? [], "snapshot.blocks", (block, path) => {
      const each = decode.object(block, path);
      return {
        kind: decode.optional(each.kind, `${path}.kind`, decode.string, ""),
        start: decode.number(each.start, `${path}.start`),
        end: decode.number(each.end, `${path}.end`),
        headingPath: decodeHeadingPath(each.heading_path, `${path}.heading_path`),
        anchor: decode.optional(each.anchor, `${path}.anchor`, decode.string, null) || null,
      };
    }),
  };
}

/** A list of headings, or the same joined into one string. */
function decodeHeadingPath(value: unknown, path: string): string[] {
  if (typeof value === "string") return value === "" ? [] : [value];
  return decode.array(value ?? [], path, decode.string);
}
