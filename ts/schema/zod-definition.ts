/** What a Zod 4 schema says of itself, as far as it is read here. Everything is checked before it is believed. */
export interface Definition {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** Keys that mean nothing for what is accepted. */
const HARMLESS = ["type", "checks", "error", "abort", "when"];
/** Zod's own classes. One that another constructor made may parse as it likes. */
const OWN_TRAIT = /^[$_]?Zod[A-Za-z0-9]*$/;

/** The definition of a schema that Zod 4 made; undefined for anything else. */
export function definitionOf(schema: unknown): Definition | undefined {
  const inner = (schema as { _zod?: { def?: unknown; traits?: unknown } } | null | undefined)?._zod;
  const definition = inner?.def as Partial<Definition> | undefined;
  return typeof definition?.type === "string" && isOwn(inner?.traits)
    ? (definition as Definition)
    : undefined;
}

/** The definition of a check, which may be a schema too (`z.string().email()`); an empty one for what Zod did not make. */
export function checkOf(check: unknown): Record<string, unknown> {
  const inner = (check as { _zod?: { def?: unknown; traits?: unknown } } | null)?._zod;
  const definition = inner?.def;
  return typeof definition === "object" && definition !== null && isOwn(inner?.traits)
    ? (definition as Record<string, unknown>)
    : {};
}

const isOwn = (traits: unknown): boolean =>
  traits instanceof Set && [...traits].every((trait) => typeof trait === "string" && OWN_TRAIT.test(trait));

/** The checks of a definition. */
export const checksOf = (definition: Definition): unknown[] =>
  Array.isArray(definition["checks"]) ? definition["checks"] : [];

/** A key of the definition that is none of those known, if there is one: it may change what is accepted. */
export const unknownKey = (definition: Record<string, unknown>, known: readonly string[]) =>
  Object.keys(definition).find(
    (key) => definition[key] !== undefined && !HARMLESS.includes(key) && !known.includes(key),
  );
