/** What a Zod 4 schema says of itself, as far as it is read here. Everything is checked before it is believed. */
export interface Definition {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** Keys that mean nothing for what is accepted. */
const HARMLESS: readonly PropertyKey[] = ["type", "checks", "error", "abort", "when"];

/** The release whose definitions are read here, and the last minor that was tested. A later one may change what a definition means. */
const MAJOR = 4;
const LAST_MINOR = 6;

const words = (text: string): string[] => text.split(" ");
const KINDS = words(
  "Type Any Array Boolean Catch Default DiscriminatedUnion Enum Literal Never Null Nullable Number NumberFormat Object ObjectJIT Optional Prefault Readonly Record String StringFormat Tuple Union Unknown",
);
const FORMATS = words(
  "CUID CUID2 Email GUID ISODate ISODateTime ISODuration ISOTime KSUID NanoID ULID UUID XID",
);
const CHECKS = words(
  "EndsWith GreaterThan Includes LengthEquals LessThan LowerCase MaxLength MinLength MultipleOf NumberFormat Regex StartsWith StringFormat UpperCase",
);
/** The traits of Zod's own classes that are read here. A class with any other may parse as it likes. */
const OWN_TRAITS = new Set<unknown>([
  ...[...KINDS, ...FORMATS].flatMap((name) => [`$Zod${name}`, `Zod${name}`, `ZodMini${name}`]),
  ...["", ...CHECKS].map((name) => `$ZodCheck${name}`),
  "_ZodString",
]);

interface Inner {
  readonly def?: unknown;
  readonly traits?: unknown;
  readonly version?: { readonly major?: unknown; readonly minor?: unknown } | undefined;
  readonly constr?: { readonly prototype?: unknown } | undefined;
}

const innerOf = (value: unknown): Inner | undefined =>
  (value as { readonly _zod?: Inner } | null | undefined)?._zod;

/** The definition of a schema that Zod 4 made; undefined for anything else. */
export function definitionOf(schema: unknown): Definition | undefined {
  const inner = innerOf(schema);
  const definition = inner?.def as Partial<Definition> | undefined;
  return typeof definition?.type === "string" &&
    isKnown(inner?.version) &&
    isOwn(schema, inner, traitOf(definition.type))
    ? (definition as Definition)
    : undefined;
}

/** The definition of a check, which may be a schema too (`z.string().email()`); an empty one for what Zod did not make. */
export function checkOf(check: unknown): Record<string, unknown> {
  const inner = innerOf(check);
  const definition = inner?.def;
  return typeof definition === "object" && definition !== null && isOwn(check, inner)
    ? (definition as Record<string, unknown>)
    : {};
}

/** The release that made a schema, as text, and whether its definitions are known; undefined where there is none. */
export function versionOf(schema: unknown): { readonly text: string; readonly known: boolean } | undefined {
  const version = innerOf(schema)?.version;
  if (typeof version !== "object" || version === null) return undefined;
  return { text: `${String(version.major)}.${String(version.minor)}`, known: isKnown(version) };
}

const isKnown = (version: Inner["version"]): boolean =>
  version?.major === MAJOR && Number.isInteger(version.minor) && (version.minor as number) <= LAST_MINOR;

const traitOf = (type: string): string => `$Zod${type.charAt(0).toUpperCase()}${type.slice(1)}`;

/** Whether Zod's own class made it: that of its kind, no trait of another, and no class that extends one. */
const isOwn = (value: unknown, inner: Inner | undefined, needed = "$ZodCheck"): boolean =>
  inner?.traits instanceof Set &&
  inner.traits.has(needed) &&
  [...inner.traits].every((trait) => OWN_TRAITS.has(trait)) &&
  typeof inner.constr?.prototype === "object" &&
  Object.getPrototypeOf(value) === inner.constr.prototype;

/** The checks of a definition. */
export const checksOf = (definition: Definition): unknown[] =>
  Array.isArray(definition["checks"]) ? definition["checks"] : [];

/**
 * A key of the definition that is none of those known, if there is one: it may change what is accepted. One that is known is not read here:
 * a default may be a getter, behind which is a function of the program.
 */
export const unknownKey = (definition: Record<string, unknown>, known: readonly string[]) =>
  Reflect.ownKeys(definition).find(
    (key) =>
      typeof key === "symbol" ||
      (!HARMLESS.includes(key) && !known.includes(key) && definition[key] !== undefined),
  );

/** Whether an object of names has keys that are no names: a listing of its entries does not show them. */
export const hasSymbols = (names: object): boolean => Object.getOwnPropertySymbols(names).length > 0;
