// Small decoders for JSON from the server: each returns the typed value or throws a ContractError that names the
// path. They look only at what the console uses, so a newer server may send more.
import { ContractError } from "./errors.ts";

export type Json = Record<string, unknown>;

export function object(value: unknown, path: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) fail(path, "an object", value);
  return value as Json;
}

export function array<T>(value: unknown, path: string, item: (value: unknown, path: string) => T): T[] {
  if (!Array.isArray(value)) fail(path, "an array", value);
  return (value as unknown[]).map((entry, index) => item(entry, `${path}[${index}]`));
}

export function string(value: unknown, path: string): string {
  if (typeof value !== "string") fail(path, "a string", value);
  return value as string;
}

export function number(value: unknown, path: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) fail(path, "a finite number", value);
  return value as number;
}

export function boolean(value: unknown, path: string): boolean {
  if (typeof value !== "boolean") fail(path, "true or false", value);
  return value as boolean;
}

export function oneOf<T extends string>(value: unknown, path: string, choices: readonly T[]): T {
  if (!choices.includes(value as T)) fail(path, choices.join(" | "), value);
  return value as T;
}

/** What may be null or absent: `otherwise` stands in for it. */
export function optional<T, U>(
  value: unknown,
  path: string,
  item: (value: unknown, path: string) => T,
  otherwise: U,
): T | U {
  return value === undefined || value === null ? otherwise : item(value, path);
}

/** The items of {"data":[…],"next_cursor":…}. */
export interface Page<T> {
  items: T[];
  next: string | null;
}

export function page<T>(value: unknown, path: string, item: (value: unknown, path: string) => T): Page<T> {
  const json = object(value, path);
  return {
    items: array(json.data, `${path}.data`, item),
    next: optional(json.next_cursor, `${path}.next_cursor`, string, null),
  };
}

export function fail(path: string, expected: string, value: unknown): never {
  const found = value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
  throw new ContractError(`${path}: expected ${expected}, found ${found}`);
}
