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

export function text(value: unknown, path: string): string {
  if (typeof value !== "string" || value === "") throw invalidConfig(path, "must be a non-empty string");
  return value;
}

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
