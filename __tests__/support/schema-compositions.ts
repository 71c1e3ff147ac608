import fc from "fast-check";
import type { z as Zod } from "zod";
import type { Specimen } from "./schema-zoo.js";

type Z = typeof Zod;
/** A schema, and values near what it accepts. */
interface Part {
  readonly schema: any;
  readonly value: fc.Arbitrary<unknown>;
}
type Parts = fc.Arbitrary<Part>;

/** Names of fields, among them those that objects inherit. */
const NAMES = ["a", "b", "c", "kind", "", "é", "x y", "constructor", "toString", "length", "0", "10"];
const TEXTS = [
  "",
  "a",
  "ab",
  "abc",
  "A",
  "a.b",
  "0",
  "-1",
  "é",
  "😀",
  "a\nb",
  "constructor",
  "__proto__",
  "null",
  "K",
];
const PATTERNS: readonly (readonly [RegExp, ...string[]])[] = [
  [/^[a-z]+$/, "abc", "aBc", "ab\n"],
  [/b$/, "ab", "ab\n", "ba"],
  [/^a|b$/i, "Ab", "cB", "c"],
  [/^\d{2,4}$/, "12", "12345", "٣٤"],
  [/^\w+\s?\w*$/, "a b", "a\u00a0b", "a  b"],
  [/(ab)+/u, "abab", "ba"],
  [/^.{1,3}$/, "abc", "a\u2028c", "abcd"],
  [/^[^a]$/, "b", "a", "\n"],
  [/\bcat\b/, "a cat", "cats", "écat"],
  [/^(?:x|y)?z*$/, "", "xzz", "xy"],
  [/^[\w.+-]+$/, "a.b+c-d", "a b"],
];

const one = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

/** Schemas put together at random, of the kinds that a program uses. The same ones for every release. */
export function compositions(z: Z, count: number, seed: number): Specimen[] {
  const made = fc.sample(partsOf(z), { seed, numRuns: count });
  return made.map(({ schema, value }, index) => ({
    name: `composition ${index}`,
    schema,
    seeds: fc.sample(value, { seed: seed + index, numRuns: 5 }).map((seed) => seed ?? null),
  }));
}

function partsOf(z: Z): Parts {
  const { tree } = fc.letrec<{ tree: Part; leaf: Part; branch: Part }>((tie) => ({
    leaf: fc.oneof(texts(z), numbers(z), scalars(z)),
    branch: fc.oneof(
      { weight: 4, arbitrary: objects(z, tie("tree")) },
      { weight: 2, arbitrary: lists(z, tie("tree")) },
      { weight: 2, arbitrary: choices(z, tie("leaf"), tie("tree")) },
      { weight: 2, arbitrary: wrapped(z, tie("tree")) },
    ),
    tree: fc.oneof({ maxDepth: 3, depthSize: "small" }, tie("leaf"), tie("branch")),
  }));
  return tree;
}

function texts(z: Z): Parts {
  const value = one(TEXTS);
  const size = fc.nat(4);
  const formats = [
    [z.email(), "ada@example.org"],
    [z.uuid(), "123e4567-e89b-42d3-a456-426614174000"],
    [z.iso.date(), "2020-02-29"],
    [z.iso.datetime(), "2020-01-01T06:15:00Z"],
    [z.iso.datetime({ offset: true }), "2020-01-01T06:15:00+02:00"],
    [z.iso.time(), "03:15:00"],
    [z.ulid(), "01ARZ3NDEKTSV4RRFFQ69G5FAV"],
  ] as const;
  const check = fc.oneof(
    size.map((n) => (schema: any) => schema.min(n)),
    size.map((n) => (schema: any) => schema.max(n)),
    one(["a", ".", "(", "a.b", "é"]).map((text) => (schema: any) => schema.startsWith(text)),
    one(["b", "]", "^"]).map((text) => (schema: any) => schema.endsWith(text)),
    one(["+", "\\", "b"]).map((text) => (schema: any) => schema.includes(text)),
  );
  return fc.oneof(
    fc.array(check, { maxLength: 2 }).map((checks) => ({ schema: together(z.string(), checks), value })),
    one(PATTERNS).map(([pattern, ...near]) => ({ schema: z.string().regex(pattern), value: one(near) })),
    one(formats).map(([schema, good]) => ({ schema, value: fc.oneof(fc.constant(good), value) })),
  );
}

/** Bounds that contradict each other are an error in some releases: then without them. */
function together(schema: any, checks: readonly ((schema: any) => any)[]): any {
  try {
    return checks.reduce((checked, add) => add(checked), schema);
  } catch {
    return schema;
  }
}

function numbers(z: Z): Parts {
  const value = fc.oneof(fc.integer(), fc.integer({ min: -5, max: 5 }), one([0.5, 2 ** 31, 1e21, 1.1, -0]));
  const bound = one([-1, 0, 1, 2.5, 2 ** 31, 2 ** 53]);
  const check = fc.oneof(
    bound.map((n) => (schema: any) => schema.gt(n)),
    bound.map((n) => (schema: any) => schema.gte(n)),
    bound.map((n) => (schema: any) => schema.lt(n)),
    bound.map((n) => (schema: any) => schema.lte(n)),
    one([1, 2, 3, 7]).map((n) => (schema: any) => schema.multipleOf(n)),
    fc.constant((schema: any) => schema.int()),
  );
  return fc.oneof(
    fc
      .array(check, { maxLength: 2 })
      .map((checks) => ({ schema: checks.reduce((schema: any, add) => add(schema), z.number()), value })),
    one([z.int(), z.int32(), z.uint32()]).map((schema) => ({ schema, value })),
  );
}

function scalars(z: Z): Parts {
  const literal = one<any>(["a", "constructor", "", 0, 1, -1, 1.5, true, null]);
  return fc.oneof(
    fc.constant({ schema: z.boolean(), value: fc.boolean() }),
    fc.constant({ schema: z.null(), value: fc.constant(null) }),
    one([z.any(), z.unknown()]).map((schema) => ({ schema, value: fc.jsonValue({ maxDepth: 1 }) })),
    fc
      .uniqueArray(literal, { minLength: 1, maxLength: 3 })
      .map((all) => ({ schema: z.literal(all), value: one(all) })),
    fc
      .uniqueArray(one(TEXTS), { minLength: 1, maxLength: 4 })
      .map((all) => ({ schema: z.enum(all as [string]), value: one(all) })),
  );
}

function objects(z: Z, part: Parts): Parts {
  const how = one<(shape: any, rest: any) => any>([
    (shape) => z.object(shape),
    (shape) => z.strictObject(shape),
    (shape) => z.looseObject(shape),
    (shape, rest) => z.object(shape).catchall(rest),
    (shape) => z.object(shape).partial(),
    (shape) => z.object(shape).omit({}),
  ]);
  const fields = fc.uniqueArray(fc.tuple(one(NAMES), part, one(["", "optional", "default", "nullish"])), {
    maxLength: 4,
    selector: ([name]) => name,
  });
  const keyed = fc.oneof(
    fc.constant(z.string()),
    fc.uniqueArray(one(NAMES), { minLength: 1, maxLength: 3 }).map((names) => z.enum(names as [string])),
  );
  return fc.oneof(
    fc.tuple(fields, how, part).map(([all, make, rest]) => {
      const shape = all.map(([name, { schema }, more]) => [name, more ? modified(schema, more) : schema]);
      const values = all.map(([name, { value }]) => [name, value]);
      const required = all.filter(([, , more]) => more === "").map(([name]) => name);
      return {
        schema: make(Object.fromEntries(shape), rest.schema),
        value: fc.record(Object.fromEntries(values), { requiredKeys: required as never[] }),
      };
    }),
    fc.tuple(keyed, part).map(([keys, { schema, value }]) => ({
      schema: z.record(keys, schema),
      value: fc.dictionary(one(NAMES), value, { maxKeys: 3 }),
    })),
  );
}

const modified = (schema: any, how: string): any =>
  how === "default" ? schema.default("a default") : schema[how]();

function lists(z: Z, part: Parts): Parts {
  const array = fc
    .tuple(part, fc.option(fc.nat(3)), fc.option(fc.nat(4)))
    .map(([{ schema, value }, min, max]) => {
      let made: any = z.array(schema);
      if (min !== null) made = made.min(min);
      if (max !== null) made = made.max(max);
      return { schema: made, value: fc.array(value, { maxLength: 4 }) };
    });
  const tuple = fc
    .tuple(fc.array(part, { minLength: 1, maxLength: 3 }), fc.option(part))
    .map(([items, rest]) => {
      const schemas = items.map(({ schema }) => schema) as [any];
      const values = fc.tuple(...items.map(({ value }) => value));
      return { schema: rest ? z.tuple(schemas, rest.schema) : z.tuple(schemas), value: values };
    });
  return fc.oneof(array, tuple);
}

function choices(z: Z, leaf: Parts, part: Parts): Parts {
  const union = fc.array(fc.oneof(leaf, part), { minLength: 1, maxLength: 3 }).map((all) => ({
    schema: z.union(all.map(({ schema }) => schema) as [any]),
    value: fc.oneof(...all.map(({ value }) => value)),
  }));
  const tagged = fc.array(fc.tuple(one(NAMES), part), { minLength: 1, maxLength: 3 }).map((all) => ({
    schema: z.discriminatedUnion(
      "kind",
      all.map(([name, { schema }], index) =>
        z.object({ ...(name !== "kind" && { [name]: schema }), kind: z.literal(String(index)) }),
      ) as [any],
    ),
    value: fc.oneof(
      ...all.map(([name, { value }], index) =>
        fc.record({ ...(name !== "kind" && { [name]: value }), kind: fc.constant(String(index)) }),
      ),
    ),
  }));
  return fc.oneof(union, tagged);
}

function wrapped(z: Z, part: Parts): Parts {
  const or = (schema: any, value: fc.Arbitrary<unknown>) => ({ schema, value });
  return fc.oneof(
    part.map(({ schema, value }) => or(schema.nullable(), fc.oneof(value, fc.constant(null)))),
    part.map(({ schema, value }) => or(schema.optional(), value)),
    part.map(({ schema, value }) => or(schema.readonly(), value)),
    part.map(({ schema, value }) => or(schema.catch("caught"), value)),
    part.map(({ schema, value }) => or(z.nonoptional(schema), value)),
    part.map(({ schema, value }) => or(schema.describe("text"), value)),
  );
}
