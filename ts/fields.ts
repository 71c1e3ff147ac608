/** Checks of one field of a configuration. Each throws `INVALID_CONFIG` with the field's path and what was expected. */
import { invalidConfig } from "./errors.js";

export type Fields = Record<string, unknown>;

export function fields(value: unknown, path: string, expected = "must be an object"): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalidConfig(path, expected);
  return value as Fields;
}

export function knownFields(value: unknown, path: string, known: Iterable<string>): Fields {
  const given = fields(value, path);
  const names = [...known];
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) {
      throw invalidConfig(`${path}.${name}`, `unknown option; there are ${names.join(", ")}`);
    }
  }
  return given;
}

/** A sentence for each field that is not known. It may be the program's own: nothing is refused. */
export function unknownFields(given: Fields, path: string, known: readonly string[]): string[] {
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map(
      (name) => `${path === "" ? name : `${path}.${name}`}: unknown, and without effect${hint(name, known)}`,
    );
}

/** What was probably meant, if that can be told. */
export function hint(name: string, known: readonly string[]): string {
  const meant = known.find((candidate) => isClose(name.toLowerCase(), candidate.toLowerCase()));
  return meant === undefined ? "" : `; did you mean ${meant}?`;
}

/** Whether two names differ by a letter or two. */
function isClose(a: string, b: string): boolean {
  const most = Math.min(2, Math.floor(Math.min(a.length, b.length) / 3));
  if (Math.abs(a.length - b.length) > most) return false;
  // Levenshtein's distance, row by row.
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const other = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(other, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return (row[b.length] as number) <= most;
}

export function text(value: unknown, path: string): string {
  if (typeof value !== "string" || value === "") throw invalidConfig(path, "must be a non-empty string");
  return wellFormed(value, path);
}

/** A text that the engine keeps. */
export function wellFormed(value: string, path: string): string {
  if (!isWellFormed(value)) throw invalidConfig(path, HALF_A_CHARACTER);
  return value;
}

/** Whether a text holds whole characters only: half of one, a surrogate alone, has no place in UTF-8. */
export const isWellFormed = (value: string): boolean => !/\p{Surrogate}/u.test(value);

/** What is said of a text that is not well-formed. */
export const HALF_A_CHARACTER =
  "must not hold half a character (a lone surrogate, as in an emoji that was cut)";

/** Whether a text can be a room's id, except for its length. */
export const isId = (value: string): boolean => value !== "" && isWellFormed(value);

export function flag(value: unknown, path: string): boolean {
  if (typeof value !== "boolean") throw invalidConfig(path, "must be a boolean");
  return value;
}

export function integer(value: unknown, path: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max)
    return value as number;
  if (max !== Number.MAX_SAFE_INTEGER) throw invalidConfig(path, `must be an integer from ${min} to ${max}`);
  throw invalidConfig(
    path,
    min === 1 ? "must be a positive integer" : `must be an integer of ${min} or more`,
  );
}

export function list(value: unknown, path: string, of: string): unknown[] {
  if (!Array.isArray(value)) throw invalidConfig(path, `must be an array of ${of}`);
  return value;
}

export function texts(value: unknown, path: string): string[] {
  return list(value, path, "strings").map((item, index) => text(item, `${path}[${index}]`));
}

export function method(value: unknown, path: string): void {
  if (typeof value !== "function") throw invalidConfig(path, "must be a function");
}

/** The field as `read` makes it; absent stays absent, so that the engine's own default holds. */
export function optional<T, K extends string>(
  given: Fields,
  name: K,
  path: string,
  read: (value: unknown, path: string) => T,
): { [key in K]?: T } {
  const value = given[name];
  if (value === undefined) return {};
  return { [name]: read(value, path === "" ? name : `${path}.${name}`) } as { [key in K]?: T };
}
