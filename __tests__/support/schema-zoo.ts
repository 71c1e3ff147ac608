import type { z as Zod } from "zod";
import type { z as Zod3 } from "zod/v3";

type Mini = typeof import("zod/mini");
type Z = typeof Zod;
type Z3 = typeof Zod3;

/** A schema, inputs near what it accepts, and whether the common shapes among them must be judged natively. */
export interface Specimen {
  readonly name: string;
  readonly schema: Zod.ZodType;
  /** Values to begin with; the test makes near-misses of them. */
  readonly seeds: unknown[];
  /** Valid input must take the native lane. */
  readonly native?: boolean;
  /** No input may take the native lane. */
  readonly never?: boolean;
}

const native = (name: string, schema: Zod.ZodType, ...seeds: unknown[]): Specimen => ({
  name,
  schema,
  seeds,
  native: true,
});
const either = (name: string, schema: unknown, ...seeds: unknown[]): Specimen => ({
  name,
  schema: schema as Zod.ZodType,
  seeds,
});
const never = (name: string, schema: unknown, ...seeds: unknown[]): Specimen => ({
  ...either(name, schema, ...seeds),
  never: true,
});

const uuid = "123e4567-e89b-42d3-a456-426614174000";
/** The pattern of `z.email()` in Zod 4.0 to 4.5, letter by letter. */
// biome-ignore lint/complexity/useRegexLiterals: a literal loses the escapes that it could do without, and those count.
const EMAIL_UNTIL_4_5 = new RegExp(
  String.raw`^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$`,
);
/** Arrays in arrays. */
const nested = (levels: number): unknown => (levels === 0 ? "x" : [nested(levels - 1)]);

/** Every kind that a release of Zod 4 has, the common ones in several forms, and what others made of its classes. */
export function zoo(z: Z): readonly Specimen[] {
  const deep = (levels: number): Zod.ZodType => (levels === 0 ? z.string() : z.array(deep(levels - 1)));
  const person = z.object({ name: z.string().min(1).max(20), age: z.number().int().min(0).max(150) });
  const shape = z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("circle"), radius: z.number().positive() }),
    z.object({ kind: z.literal("square"), side: z.number().positive(), label: z.string().optional() }),
  ]);

  return [
    native("string", z.string(), "hello", ""),
    native("min", z.string().min(3), "abc", "ab"),
    native("max", z.string().max(3), "abc", "abcd"),
    native("length", z.string().length(2), "ab", "é!"),
    native("regex", z.string().regex(/^[a-z]+$/), "abc", "abC"),
    native("regex i", z.string().regex(/^ab+c$/i), "ABBC", "abd"),
    native("regex u", z.string().regex(/^\d{2,4}$/u), "1234", "12345"),
    native("startsWith", z.string().startsWith("a.b"), "a.bc", "axbc"),
    native("endsWith", z.string().endsWith("(z)"), "a(z)", "az"),
    native("includes", z.string().includes("+"), "1+1", "11"),
    native("lowercase", z.string().lowercase(), "abc", "aBc"),
    native("uppercase", z.string().uppercase(), "ABC", "AbC"),
    native("email", z.email(), "ada@example.org", "ada@example"),
    native("string email", z.string().email(), "ada@example.org", "@example.org"),
    native("uuid", z.uuid(), uuid, uuid.slice(1)),
    native("string uuid", z.string().uuid(), uuid, "not a uuid"),
    native("guid", z.guid(), uuid, "x"),
    native("cuid2", z.cuid2(), "tz4a98xxat96iws9zmbrgj3a", "-"),
    native("ulid", z.ulid(), "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ"),
    native("nanoid", z.nanoid(), "V1StGXR8_Z5jdHi6B-myT", "short"),
    native("datetime", z.iso.datetime(), "2020-01-01T06:15:00Z", "2020-01-01"),
    native("date string", z.iso.date(), "2020-02-29", "2021-02-29"),
    native(
      "email with a look ahead",
      z.email({ pattern: EMAIL_UNTIL_4_5 }),
      "ada@example.org",
      ".a..b@example.org",
    ),
    either("time string", z.iso.time(), "03:15:00", "25:00:00"),
    either("url", z.url(), "https://example.org/x", "example"),
    either("jwt", z.jwt(), "a.b.c", "eyJhbGciOiJIUzI1NiJ9.e30.x"),
    either("base64", z.base64(), "aGVsbG8=", "!"),
    either("ipv4", z.ipv4(), "127.0.0.1", "256.0.0.1"),
    either("ipv6", z.ipv6(), "::1", ":::"),
    either("emoji", z.emoji(), "😀", "x"),
    either("trim + min", z.string().trim().min(2), " ab ", "  "),
    either("toLowerCase", z.string().toLowerCase(), "ABC", "abc"),
    either(
      "refine",
      z.string().refine((text) => text !== "no"),
      "yes",
      "no",
    ),
    either(
      "superRefine",
      z.number().superRefine((n, context) => void (n === 7 && context.addIssue("seven"))),
      7,
      8,
    ),
    either("regex sticky", z.string().regex(/a/y), "ab", "ba"),
    either("regex s", z.string().regex(/^a.b$/s), "a\nb", "ab"),
    either("regex unicode class", z.string().regex(/^\p{L}+$/u), "é", "1"),
    either("regex lookahead", z.string().regex(/^(?!no).+$/), "yes", "not"),
    either("regex \\A", z.string().regex(/Aaz/), "Aaz", "a"),
    either("regex class of classes", z.string().regex(/^[[a]+$/), "[[a", "b"),
    either("regex brace", z.string().regex(/^a{,2}$/), "a{,2}", "aa"),
    native("number", z.number(), 1.5, -3),
    native("int", z.int(), 5, 5.5),
    native("number int", z.number().int(), 5, 1e20),
    native("int32", z.int32(), 2147483647, 2147483648),
    native("uint32", z.uint32(), 4294967295, -1),
    native("bounds", z.number().gte(1).lt(10), 1, 10),
    native("exclusive bounds", z.number().gt(0).lte(2.5), 2.5, 0),
    native("multipleOf", z.number().multipleOf(3), 9, 10),
    either("multipleOf 0.1", z.number().multipleOf(0.1), 0.3, 0.35),
    either("gt 2^53", z.number().gt(2 ** 53), 2 ** 53 + 2, 2 ** 53),
    either("float32", z.float32(), 1.5, 1e300),
    either("coerce number", z.coerce.number(), "5", 5),
    either("coerce boolean", z.coerce.boolean(), "x", ""),
    native("boolean", z.boolean(), true, 0),
    native("null", z.null(), null, 0),
    native("any", z.any(), { a: [1] }, "x"),
    native("unknown", z.unknown(), [null], 1),
    either("never", z.never(), 1, null),
    either("undefined", z.undefined(), null, 1),
    either("bigint", z.bigint(), 1, "1"),
    either("coerced date", z.object({ at: z.coerce.date() }), { at: "2020-01-01" }, { at: "x" }),
    either("date", z.date(), "2020-01-01", 5),
    either("set", z.set(z.string()), ["a"], {}),
    either("map", z.map(z.string(), z.string()), [["a", "b"]], {}),
    native("enum", z.enum(["red", "green"]), "red", "blue"),
    either("native enum", z.enum({ One: 1, Two: 2 } as const), 1, "One"),
    native("literal", z.literal("on"), "on", "off"),
    native("literals", z.literal(["a", 1, true, null]), 1, "b"),
    native("array", z.array(z.string()), ["a", "b"], ["a", 1]),
    native("array bounds", z.array(z.number()).min(1).max(2), [1], [1, 2, 3]),
    native("array length", z.array(z.boolean()).length(2), [true, false], [true]),
    native("tuple", z.tuple([z.string(), z.number()]), ["a", 1], ["a"]),
    native("tuple rest", z.tuple([z.string()], z.number()), ["a", 1, 2], ["a", "b"]),
    either("tuple optional", z.tuple([z.string(), z.number().optional()]), ["a"], ["a", 1]),
    native("object", person, { name: "Ada", age: 36 }, { name: "Ada", age: 36, extra: 1 }),
    native("object optional", z.object({ a: z.string().optional() }), { a: "x" }, {}),
    native("object nullable", z.object({ a: z.string().nullable() }), { a: null }, { a: 1 }),
    native("strict object", z.strictObject({ a: z.string() }), { a: "x" }, { a: "x", b: 1 }),
    native("loose object", z.looseObject({ a: z.string() }), { a: "x", b: { c: 1 } }, { b: 1 }),
    native(
      "catchall",
      z.object({ a: z.string() }).catchall(z.number()),
      { a: "x", b: 1 },
      { a: "x", b: "y" },
    ),
    native("nested", z.object({ who: person, tags: z.array(z.enum(["a", "b"])) }), {
      who: { name: "A", age: 1 },
      tags: ["a"],
    }),
    native("partial", person.partial(), { name: "Ada" }, {}),
    native("default given", z.object({ n: z.number().default(3) }), { n: 1 }),
    native("default in partial, given", z.object({ n: z.number().default(3) }).partial(), { n: 1 }, {}),
    either("default in optional", z.object({ n: z.string().default("x").optional() }), {}, { n: "y" }),
    either(
      "default deep in optional",
      z.object({ n: z.number().default(3).nullable().readonly().optional() }),
      {},
    ),
    either("prefault in optional", z.object({ n: z.string().prefault("x").optional() }), {}, { n: "y" }),
    either("catch in optional", z.object({ n: z.number().catch(7).optional() }), {}, { n: "x" }),
    either("inherited name", z.object({ toString: z.string().optional() }), {}, { toString: "x" }),
    either("half of a character", z.object({ a: z.literal("\ud800"), "\udc00": z.string() }), { a: "x" }),
    either("half of a character in an enum", z.enum(["\ud800", "x"]), "x", "\ud800"),
    either("deep", deep(130), nested(2), "x"),
    either("default", z.object({ n: z.number().default(3) }), {}, { n: "x" }),
    either("prefault", z.object({ n: z.string().prefault("x") }), {}, { n: "y" }),
    either("catch", z.object({ n: z.number().catch(7) }), { n: "x" }, { n: 1 }),
    native("record", z.record(z.string(), z.number()), { a: 1 }, { a: "x" }),
    native("record of anything", z.record(z.string(), z.any()), { a: [1] }, { constructor: 1, toString: 2 }),
    native("record of enum", z.record(z.enum(["a", "b"]), z.number()), { a: 1, b: 2 }, { a: 1 }),
    either("partial record", z.partialRecord(z.enum(["a", "b"]), z.number()), { a: 1 }, { c: 1 }),
    either("record with key rules", z.record(z.string().min(2), z.number()), { ab: 1 }, { a: 1 }),
    native("union of types", z.union([z.string(), z.number()]), "x", 1, true),
    native("union with null", z.union([z.object({ a: z.string() }), z.null()]), { a: "x" }, null),
    either(
      "union that strips",
      z.union([z.object({ a: z.string() }), z.object({ a: z.string(), b: z.number() })]),
      { a: "x", b: 1 },
    ),
    native(
      "discriminated union",
      shape,
      { kind: "circle", radius: 1 },
      { kind: "square", side: 2 },
      { kind: "circle" },
    ),
    either("intersection", z.intersection(z.object({ a: z.string() }), z.object({ b: z.number() })), {
      a: "x",
      b: 1,
    }),
    either("transform", z.object({ n: z.string().transform((text) => text.length) }), { n: "abc" }, { n: 1 }),
    either("pipe", z.string().pipe(z.string().min(2)), "ab", "a"),
    either(
      "preprocess",
      z.preprocess((value) => String(value), z.string()),
      5,
      "x",
    ),
    either("stringbool", z.stringbool(), "yes", "maybe"),
    either("template literal", z.templateLiteral(["a-", z.number()]), "a-1", "a-x"),
    either(
      "lazy",
      z.lazy(() => z.object({ a: z.string() })),
      { a: "x" },
      { a: 1 },
    ),
    either(
      "recursive",
      z.object({
        get children() {
          return z.array(z.object({ name: z.string() }));
        },
      }),
      { children: [{ name: "x" }] },
    ),
    either(
      "custom",
      z.custom<string>((value) => value === "x"),
      "x",
      "y",
    ),
    either(
      "checked array",
      z.array(z.number()).refine((items) => items.length !== 2),
      [1],
      [1, 2],
    ),
    native("optional at the top", z.string().optional(), "x", 1),
    native("nullable at the top", z.number().nullable(), null, 1, "x"),
    native("readonly", z.object({ a: z.array(z.number()).readonly() }), { a: [1] }, { a: ["x"] }),
    native("brand", z.string().brand<"Id">(), "x", 1),
    native("described", z.string().describe("text").meta({ title: "T" }), "x", 1),
    ...strangers(z),
  ];
}

/** What Zod's own classes did not make, or not as they are known here. */
function strangers(z: Z): Specimen[] {
  class Shouting extends z.ZodString {
    override safeParse: any = (data: unknown, params: undefined) =>
      z
        .string()
        .regex(/^[A-Z]+$/)
        .safeParse(data, params);
  }
  const Even = z.core.$constructor("Even", (made: Zod.ZodNumber, definition: Zod.core.$ZodNumberDef) => {
    z.ZodNumber.init(made as never, definition as never);
    const parse = made._zod.parse;
    made._zod.parse = (payload, context) => {
      parse(payload, context);
      if ((payload.value as number) % 2 !== 0)
        payload.issues.push({ code: "custom", message: "odd", input: payload.value, inst: made as never });
      return payload;
    };
  });
  const ofLater = z.string();
  ofLater._zod.version = { major: 4, minor: 99, patch: 0 } as never;
  const ofFive = z.number();
  ofFive._zod.version = { major: 5, minor: 0, patch: 0 } as never;
  const marked = z.string();
  (marked._zod.def as unknown as Record<symbol, unknown>)[Symbol("rule")] = () => false;
  const hidden = z.object({ a: z.string(), [Symbol("b")]: z.number() });
  return [
    never("subclass", new Shouting({ type: "string" } as never), "ABC", "abc"),
    never("subclass in an object", z.object({ a: new Shouting({ type: "string" } as never) }), { a: "ABC" }),
    never("trait", new Even({ type: "number", checks: [] }), 2, 3),
    never("trait in an array", z.array(new Even({ type: "number", checks: [] }) as never), [2], [3]),
    never("a later release", ofLater, "x", 1),
    never("a later release within", z.object({ a: ofLater }), { a: "x" }, { a: 1 }),
    never("another major", ofFive, 1, "x"),
    never("a symbol in a definition", marked, "x", 1),
    never("a symbol among fields", hidden, { a: "x" }, { a: 1 }),
    never(
      "a check of its own",
      z.string().check({
        _zod: { def: { check: "min_length", minimum: 1 }, onattach: [], check: () => {} },
      } as never),
      "x",
      1,
    ),
  ];
}

/** Zod Mini: other classes over the same definitions. */
export function zooMini(z: Mini): readonly Specimen[] {
  const any = (name: string, schema: unknown, ...seeds: unknown[]) =>
    native(name, schema as Zod.ZodType, ...seeds);
  return [
    any("string", z.string().check(z.minLength(1), z.maxLength(3)), "ab", ""),
    any("regex", z.string().check(z.regex(/^[a-z]+$/), z.startsWith("a")), "abc", "abC"),
    any("email", z.email(), "ada@example.org", "ada@example"),
    any("uuid", z.uuid(), uuid, uuid.slice(1)),
    any("datetime", z.iso.datetime(), "2020-01-01T06:15:00Z", "2020-01-01"),
    any("number", z.number().check(z.gte(1), z.lt(10), z.multipleOf(3)), 9, 10),
    any("int", z.int(), 5, 5.5),
    any("enum", z.enum(["red", "green"]), "red", "blue"),
    any("literal", z.literal(["on", 1]), "on", "off"),
    any("array", z.array(z.string()).check(z.minLength(1)), ["a"], []),
    any("tuple", z.tuple([z.string(), z.number()]), ["a", 1], ["a"]),
    any("object", z.object({ a: z.string(), b: z.optional(z.number()) }), { a: "x" }, { b: 1 }),
    any("strict", z.strictObject({ a: z.string() }), { a: "x" }, { a: "x", b: 1 }),
    any("record", z.record(z.string(), z.number()), { a: 1 }, { a: "x" }),
    any("union", z.union([z.string(), z.null()]), "x", null, 1),
    any(
      "discriminated union",
      z.discriminatedUnion("k", [
        z.object({ k: z.literal("a") }),
        z.object({ k: z.literal("b"), n: z.number() }),
      ]),
      { k: "b", n: 1 },
      { k: "b" },
    ),
    any("nullable", z.nullable(z.boolean()), null, 1),
    any("default given", z.object({ n: z._default(z.number(), 3) }), { n: 1 }),
    any("readonly", z.readonly(z.array(z.number())), [1], ["x"]),
    either("refine", z.string().check(z.refine((text) => text !== "no")), "yes", "no"),
    either(
      "transform",
      z.pipe(
        z.string(),
        z.transform((text: string) => text.length),
      ),
      "abc",
      1,
    ),
    either("trim", z.string().check(z.trim(), z.minLength(2)), " ab ", "  "),
    either("default", z.object({ n: z._default(z.number(), 3) }), {}, { n: "x" }),
  ];
}

/** Zod 3, none of which the engine judges. */
export function zoo3(z: Z3): readonly Specimen[] {
  const person = z.object({ name: z.string().min(1).max(20), age: z.number().int().min(0).max(150) });
  return [
    never("string", z.string().min(1).max(3), "ab", ""),
    never("email", z.string().email(), "ada@example.org", "ada@example"),
    never("uuid", z.string().uuid(), uuid, uuid.slice(1)),
    never("regex", z.string().regex(/^[a-z]+$/), "abc", "abC"),
    never("datetime", z.string().datetime(), "2020-01-01T06:15:00Z", "2020-01-01"),
    never("number", z.number().int().gte(1).lt(10).multipleOf(3), 9, 10),
    never("boolean", z.boolean(), true, 0),
    never("null", z.null(), null, 0),
    never("any", z.any(), { a: [1] }, "x"),
    never("enum", z.enum(["red", "green"]), "red", "blue"),
    never("literal", z.literal("on"), "on", "off"),
    never("array", z.array(z.string()).min(1).max(2), ["a"], ["a", 1]),
    never("tuple", z.tuple([z.string(), z.number()]).rest(z.boolean()), ["a", 1, true], ["a"]),
    never("object", person, { name: "Ada", age: 36 }, { name: "Ada", age: 36, extra: 1 }),
    never("strict", person.strict(), { name: "Ada", age: 36 }, { name: "Ada", age: 36, extra: 1 }),
    never("passthrough", person.passthrough(), { name: "Ada", age: 36, extra: 1 }, {}),
    never(
      "catchall",
      person.catchall(z.number()),
      { name: "A", age: 1, b: 1 },
      { name: "A", age: 1, b: "x" },
    ),
    never("partial", person.partial(), { name: "Ada" }, {}),
    never("default", z.object({ n: z.number().default(3) }), {}, { n: "x" }),
    never("catch", z.object({ n: z.number().catch(7) }), { n: "x" }, { n: 1 }),
    never("record", z.record(z.number()), { a: 1 }, { a: "x" }),
    never("union", z.union([z.string(), z.number()]), "x", 1, {}),
    never(
      "discriminated union",
      z.discriminatedUnion("kind", [
        z.object({ kind: z.literal("a"), n: z.number() }),
        z.object({ kind: z.literal("b") }),
      ]),
      { kind: "a", n: 1 },
      { kind: "b", n: 1 },
    ),
    never("intersection", z.intersection(z.object({ a: z.string() }), z.object({ b: z.number() })), {
      a: "x",
      b: 1,
    }),
    never(
      "transform",
      z.string().transform((text) => text.length),
      "abc",
      1,
    ),
    never(
      "refine",
      z.string().refine((text) => text !== "no"),
      "yes",
      "no",
    ),
    never("preprocess", z.preprocess(String, z.string()), 5, "x"),
    never(
      "lazy",
      z.lazy(() => z.object({ a: z.string() })),
      { a: "x" },
      { a: 1 },
    ),
    never(
      "coerced date",
      z.object({ a: z.string().min(1), at: z.coerce.date() }),
      { a: "x", at: "2020-01-01" },
      { a: "" },
    ),
    never("nullable", z.number().nullable(), null, 1, "x"),
    never("readonly", z.object({ a: z.array(z.number()).readonly() }), { a: [1] }, { a: ["x"] }),
    never("brand", z.string().brand<"Id">(), "x", 1),
    never("pipe", z.string().pipe(z.string().min(2)), "ab", "a"),
  ];
}
