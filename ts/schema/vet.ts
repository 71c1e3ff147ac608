import { quote, toPattern } from "./pattern.js";
import { vetUnion } from "./union.js";
import { Unvetted } from "./unvetted.js";
import {
  checkOf,
  checksOf,
  type Definition,
  definitionOf,
  hasSymbols,
  unknownKey,
} from "./zod-definition.js";

/** A JSON Schema, written here. */
export type JsonSchema = boolean | { [keyword: string]: unknown };

/** What a walk found out besides the JSON Schema. */
export interface Vetting {
  /** Lengths of strings are checked: engines count some characters differently. */
  lengths: boolean;
  /** Patterns are matched: engines agree on printable ASCII only. */
  patterns: boolean;
  /** Levels that the walk is in. */
  depth: number;
}

/** Levels of a schema: well within what the engine reads, and an end to those that contain themselves. */
const MAX_DEPTH = 32;

/** String formats that Zod checks by their pattern and nothing else. */
const PATTERN_FORMATS = [
  ...["regex", "email", "uuid", "guid", "cuid", "cuid2", "ulid", "xid", "ksuid", "nanoid"],
  ...["lowercase", "uppercase", "datetime", "date", "time", "duration"],
];
const FORMAT_KEYS = ["check", "format", "pattern", "version", "offset", "local", "precision"];

type Vet = (definition: Definition, vetting: Vetting) => JsonSchema;

/** The kinds that can be judged natively; every other one cannot. */
const KINDS: Record<string, Vet> = {
  string: vetString,
  number: vetNumber,
  boolean: (definition) => plain(definition, { type: "boolean" }),
  null: (definition) => plain(definition, { type: "null" }),
  any: (definition) => plain(definition, true),
  unknown: (definition) => plain(definition, true),
  enum: vetEnum,
  literal: vetLiteral,
  array: vetArray,
  tuple: vetTuple,
  object: vetObject,
  record: vetRecord,
  union: (definition, vetting) =>
    vetUnion(only(definition, ["options", "discriminator", "inclusive"]), vetting, vet),
  nullable: (definition, vetting) => ({ anyOf: [inner(definition, vetting), { type: "null" }] }),
  // A value that is there is judged by what they wrap; where it is absent, they are not asked here.
  optional: inner,
  readonly: inner,
  default: (definition, vetting) =>
    vet(only(definition, ["innerType", "defaultValue"])["innerType"], vetting),
  prefault: (definition, vetting) =>
    vet(only(definition, ["innerType", "defaultValue"])["innerType"], vetting),
  catch: (definition, vetting) => vet(only(definition, ["innerType", "catchValue"])["innerType"], vetting),
};

/**
 * The JSON Schema of exactly those values that the schema accepts and returns unchanged, or fewer.
 *
 * @throws {@link Unvetted} for whatever is not known here.
 */
export function vet(schema: unknown, vetting: Vetting): JsonSchema {
  const definition = definitionOf(schema);
  if (!definition) throw new Unvetted("a schema that is not Zod 4's");
  const kind = Object.hasOwn(KINDS, definition.type) ? KINDS[definition.type] : undefined;
  if (!kind) throw new Unvetted(`'${definition.type}'`);
  if (vetting.depth === MAX_DEPTH) throw new Unvetted(`more than ${MAX_DEPTH} levels, or itself within`);
  vetting.depth++;
  const json = kind(definition, vetting);
  vetting.depth--;
  return json;
}

/** The definition, if it says nothing but what is known. */
function only(definition: Definition, keys: readonly string[], withChecks = false): Definition {
  const unknown = unknownKey(definition, keys);
  if (unknown !== undefined) throw new Unvetted(`'${definition.type}' with '${String(unknown)}'`);
  if (!withChecks && checksOf(definition).length > 0) throw new Unvetted(`'${definition.type}' with a check`);
  return definition;
}

function plain(definition: Definition, json: JsonSchema): JsonSchema {
  only(definition, []);
  return json;
}

function inner(definition: Definition, vetting: Vetting): JsonSchema {
  return vet(only(definition, ["innerType"])["innerType"], vetting);
}

/** All of several schemas; of none, which JSON Schema has no word for, nothing. */
const all = (schemas: JsonSchema[]) => (schemas.length === 0 ? {} : { allOf: schemas });

function vetString(definition: Definition, vetting: Vetting): JsonSchema {
  only(definition, FORMAT_KEYS, true);
  const format = definition["format"] === undefined ? [] : [vetStringCheck(definition, vetting)];
  const checks = checksOf(definition).map((check) => vetStringCheck(checkOf(check), vetting));
  return { type: "string", ...all([...format, ...checks]) };
}

function vetStringCheck(check: Record<string, unknown>, vetting: Vetting): JsonSchema {
  const known = [...FORMAT_KEYS, "minimum", "maximum", "length", "prefix", "suffix", "includes"];
  const unknown = unknownKey(check, known);
  if (unknown !== undefined) throw new Unvetted(`a check with '${String(unknown)}'`);
  if (check["check"] === "string_format") {
    vetting.patterns = true;
    const format = String(check["format"]);
    if (format === "starts_with") return { pattern: `^${quote(check["prefix"])}` };
    if (format === "ends_with") return { pattern: `${quote(check["suffix"])}$` };
    if (format === "includes") return { pattern: quote(check["includes"]) };
    if (!PATTERN_FORMATS.includes(format)) throw new Unvetted(`the format '${format}'`);
    return { pattern: toPattern(check["pattern"]) };
  }
  vetting.lengths = true;
  return vetLength(check, "minLength", "maxLength");
}

function vetLength(check: Record<string, unknown>, least: string, most: string): JsonSchema {
  switch (check["check"]) {
    case "min_length":
      return { [least]: count(check["minimum"]) };
    case "max_length":
      return { [most]: count(check["maximum"]) };
    case "length_equals":
      return { [least]: count(check["length"]), [most]: count(check["length"]) };
    default:
      throw new Unvetted(`the check '${String(check["check"])}'`);
  }
}

function count(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Unvetted("a length that is no count");
  return value as number;
}

function vetNumber(definition: Definition): JsonSchema {
  only(definition, ["check", "format"], true);
  const format = definition["format"] === undefined ? [] : [vetNumberCheck(definition)];
  return {
    type: "number",
    ...all([...format, ...checksOf(definition).map((check) => vetNumberCheck(checkOf(check)))]),
  };
}

function vetNumberCheck(check: Record<string, unknown>): JsonSchema {
  const unknown = unknownKey(check, ["check", "format", "value", "inclusive"]);
  if (unknown !== undefined) throw new Unvetted(`a check with '${String(unknown)}'`);
  const { check: kind, value, inclusive, format } = check;
  if (kind === "number_format") {
    if (format === "safeint") return integers(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    if (format === "int32") return integers(-(2 ** 31), 2 ** 31 - 1);
    if (format === "uint32") return integers(0, 2 ** 32 - 1);
    throw new Unvetted(`the format '${String(format)}'`);
  }
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new Unvetted("a bound that is no finite number");
  if (kind === "greater_than") return { [inclusive ? "minimum" : "exclusiveMinimum"]: value };
  if (kind === "less_than") return { [inclusive ? "maximum" : "exclusiveMaximum"]: value };
  if (kind === "multiple_of" && Number.isSafeInteger(value) && value > 0)
    return { type: "integer", multipleOf: value };
  throw new Unvetted(`the check '${String(kind)}'`);
}

const integers = (minimum: number, maximum: number): JsonSchema => ({ type: "integer", minimum, maximum });

function vetEnum(definition: Definition): JsonSchema {
  const { entries } = only(definition, ["entries"]);
  const values = Object.values(named(entries));
  // Numbers in an enum of TypeScript come with their names.
  if (!values.every((value) => typeof value === "string"))
    throw new Unvetted("an enum of other than strings");
  return { enum: values.map(wellFormed) };
}

function vetLiteral(definition: Definition): JsonSchema {
  const values = only(definition, ["values"])["values"];
  const isPlain = (value: unknown) =>
    value === null || ["string", "boolean"].includes(typeof value) || Number.isSafeInteger(value);
  if (!Array.isArray(values) || !values.every(isPlain))
    throw new Unvetted("a literal that JSON does not have");
  return { enum: values.map((value) => (typeof value === "string" ? wellFormed(value) : value)) };
}

/** Half of an astral character is no text to the engine, which would refuse all of the room with it. */
function wellFormed(text: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new Unvetted("a text with half of a character");
  return text;
}

function vetArray(definition: Definition, vetting: Vetting): JsonSchema {
  const { element } = only(definition, ["element"], true);
  const checks = checksOf(definition).map((check) => vetLength(checkOf(check), "minItems", "maxItems"));
  return { type: "array", items: vet(element, vetting), ...all(checks) };
}

function vetTuple(definition: Definition, vetting: Vetting): JsonSchema {
  const { items, rest } = only(definition, ["items", "rest"]);
  if (!Array.isArray(items) || items.some((item) => definitionOf(item)?.type === "optional")) {
    throw new Unvetted("a tuple with optional items");
  }
  return {
    type: "array",
    prefixItems: items.map((item) => vet(item, vetting)),
    minItems: items.length,
    items: rest === null || rest === undefined ? false : vet(rest, vetting),
  };
}

function vetObject(definition: Definition, vetting: Vetting): JsonSchema {
  const { shape, catchall } = only(definition, ["shape", "catchall"]);
  const fields = Object.entries(named(shape));
  return {
    type: "object",
    properties: Object.fromEntries(fields.map(([name, schema]) => [fieldName(name), vet(schema, vetting)])),
    required: fields.filter(([, schema]) => !mayBeAbsent(schema)).map(([name]) => name),
    // Unknown keys are stripped, which changes the value, or refused.
    additionalProperties: catchall === undefined ? false : vetCatchall(catchall, vetting),
  };
}

/** An object of names. A symbol among them is not listed with them, so nothing is known of what it means. */
function named(names: unknown): Record<string, unknown> {
  if (typeof names !== "object" || names === null) throw new Unvetted("fields that are no object");
  if (hasSymbols(names)) throw new Unvetted("a symbol as a name");
  return names as Record<string, unknown>;
}

/** A name that no object inherits: Zod finds those others in every object, or fails on them. */
function fieldName(name: string): string {
  if (name in Object.prototype) throw new Unvetted(`a field '${name}'`);
  return wellFormed(name);
}

/**
 * Whether an object without the field stays without it. One that may be absent in other ways is judged here only where it is there: a
 * default stands in for it, also a default that `optional` or `partial` wraps.
 */
const mayBeAbsent = (schema: unknown) => definitionOf(schema)?.type === "optional" && !standsIn(schema);

/** Whether something that is wrapped gives a value for one that is absent. */
function standsIn(schema: unknown): boolean {
  const definition = definitionOf(schema);
  if (!definition) return false;
  return ["default", "prefault", "catch"].includes(definition.type) || standsIn(definition["innerType"]);
}

const vetCatchall = (catchall: unknown, vetting: Vetting): JsonSchema =>
  definitionOf(catchall)?.type === "never" ? false : vet(catchall, vetting);

function vetRecord(definition: Definition, vetting: Vetting): JsonSchema {
  const { keyType, valueType } = only(definition, ["keyType", "valueType"]);
  const keys = definitionOf(keyType);
  const value = vet(valueType, vetting);
  if (keys?.type === "string") {
    only(keys, []);
    // Zod before 4.1 takes an object with that key for one of a class, and refuses it.
    return { type: "object", properties: { constructor: false }, additionalProperties: value };
  }
  if (keys?.type !== "enum") throw new Unvetted("a record with other keys than strings");
  const names = (vetEnum(keys) as { enum: string[] }).enum.map(fieldName);
  return {
    type: "object",
    properties: Object.fromEntries(names.map((name) => [name, value])),
    required: names,
    additionalProperties: false,
  };
}
