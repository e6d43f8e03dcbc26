// Where in a document something stands, as its blocks and citations say: "page=3", "slide=3", "sheet=Sales". Pure.

export interface Place {
  kind: "page" | "slide" | "sheet";
  name: string;
}

/** Null for what has no places, or one that is not known. */
export function placeOf(anchor: string | null): Place | null {
  const [, kind, name] = /^(page|slide|sheet)=(.+)$/.exec(anchor ?? "") ?? [];
  return kind && name ? { kind: kind as Place["kind"], name } : null;
}

/** Where this service keeps what was uploaded. */
export const kUploads = "/api/files/";

/** The address that opens the document there: PDF viewers know pages (RFC 8118). Of an upload, a path of this service. */
export function addressAt(url: string, anchor: string | null): string {
  const upload = /^file:(f_[\w-]+)\//.exec(url)?.[1];
  const address = upload ? `${kUploads}${upload}/original` : url;
  return anchor?.startsWith("page=") && !address.includes("#") ? `${address}#${anchor}` : address;
}
