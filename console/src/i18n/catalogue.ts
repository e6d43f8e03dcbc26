// The shape of a catalogue, derived from the English one: a missing key or a wrong parameter does not compile.
import type { en } from "./en.ts";

export type Key = keyof typeof en;
export type Catalogue = Record<Key, string>;

/** The names in braces of a message. */
type Names<Message extends string> = Message extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Names<Rest>
  : never;

/** What t() wants after the key: nothing, or one value for each name. */
export type Values<K extends Key> = [Names<(typeof en)[K]>] extends [never]
  ? []
  : [Record<Names<(typeof en)[K]>, string>];

export function fill(message: string, values: Record<string, string> | undefined): string {
  if (!values) return message;
  return message.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
