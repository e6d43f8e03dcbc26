// Files that go with the next question: each is sent as soon as it is given, and is ready when the server has read it.
import { create } from "zustand";
import { kFileBytesMax, uploadFile } from "../../api/files.ts";

export interface Attachment {
  key: number;
  name: string;
  bytes: number;
  state: "sending" | "ready" | "failed" | "too_large";
  /** The server's name for it, when it is ready. */
  id: string;
  characters: number;
  error: unknown;
}

export const kFilesMax = 8;

interface AttachmentsState {
  files: readonly Attachment[];
}

export const useAttachments = create<AttachmentsState>(() => ({ files: [] }));

let fileCount = 0;
const calls = new Map<number, AbortController>();

export function attach(given: Iterable<File>): void {
  for (const file of given) {
    const { files } = useAttachments.getState();
    if (files.length >= kFilesMax) return;
    const key = ++fileCount;
    const fresh: Attachment = {
      key,
      name: file.name,
      bytes: file.size,
      state: file.size > kFileBytesMax ? "too_large" : "sending",
      id: "",
      characters: 0,
      error: undefined,
    };
    useAttachments.setState({ files: [...files, fresh] });
    if (fresh.state === "sending") void send(key, file);
  }
}

async function send(key: number, file: File): Promise<void> {
  const abort = new AbortController();
  calls.set(key, abort);
  try {
    const { id, characters } = await uploadFile(file, abort.signal);
    update(key, { state: "ready", id, characters });
  } catch (error) {
    if (!abort.signal.aborted) update(key, { state: "failed", error });
  } finally {
    calls.delete(key);
  }
}

function update(key: number, change: Partial<Attachment>): void {
  useAttachments.setState(({ files }) => ({
    files: files.map((file) => (file.key === key ? { ...file, ...change } : file)),
  }));
}

export function detach(key: number): void {
  calls.get(key)?.abort();
  useAttachments.setState(({ files }) => ({ files: files.filter((file) => file.key !== key) }));
}

export function detachAll(): void {
  for (const { key } of useAttachments.getState().files) detach(key);
}

/** The files that the server has read. */
export function attachedIds(): string[] {
  return useAttachments
    .getState()
    .files.filter(({ state }) => state === "ready")
    .map(({ id }) => id);
}
