import { Unvetted } from "./unvetted.js";
import type { JsonSchema, Vetting } from "./vet.js";
import { type Definition, definitionOf } from "./zod-definition.js";

type Vet = (schema: unknown, vetting: Vetting) => JsonSchema;

/** Kinds whose values are returned as they are, whichever branch accepts them. */
const SCALARS: Record<string, string> = {
  string: "string",
  number: "number",
  boolean: "boolean",
  null: "null",
};

/**
 * A union. The first branch that accepts decides what comes out, and may strip what a later one would keep: branches must differ by JSON
 * type or by discriminator, or be scalars, which come out as they are.
 */
export function vetUnion(definition: Definition, vetting: Vetting, vet: Vet): JsonSchema {
  const { options, discriminator, inclusive } = definition;
  if (!Array.isArray(options)) throw new Unvetted("a union without options");
  const json = { anyOf: options.map((option) => vet(option, vetting)) };
  if (typeof discriminator === "string") {
    checkDiscriminator(options, discriminator);
    return json;
  }
  // Exactly one branch, says Zod then; JSON Schema's `anyOf` does not.
  if (inclusive === false) throw new Unvetted("a union of which exactly one branch must match");
  const kinds = options.flatMap(kindsOf);
  const compound = kinds.filter((kind) => kind === "object" || kind === "array");
  if (new Set(compound).size < compound.length)
    throw new Unvetted("a union whose branches do not differ by type");
  return json;
}

/** The JSON types that a branch accepts. */
function kindsOf(option: unknown): string[] {
  const definition = definitionOf(option);
  switch (definition?.type) {
    case "object":
    case "record":
      return ["object"];
    case "array":
    case "tuple":
      return ["array"];
    case "enum":
    case "literal":
      return ["scalar"];
    case "nullable":
      return [...kindsOf(definition["innerType"]), "null"];
    default: {
      const kind = SCALARS[definition?.type ?? ""];
      if (kind === undefined) throw new Unvetted(`a union with '${definition?.type}'`);
      return [kind];
    }
  }
}

function checkDiscriminator(options: unknown[], discriminator: string): void {
  const seen = new Set<unknown>();
  for (const option of options) {
    const definition = definitionOf(option);
    const shape = definition?.type === "object" ? (definition["shape"] as Record<string, unknown>) : {};
    const tag = Object.hasOwn(shape, discriminator) ? definitionOf(shape[discriminator]) : undefined;
    const values =
      tag?.type === "literal" ? tag["values"] : Object.values((tag?.["entries"] ?? {}) as object);
    if (!Array.isArray(values) || values.length === 0)
      throw new Unvetted("a discriminator that is no literal");
    for (const value of values) {
      if (seen.has(value)) throw new Unvetted("a discriminator that does not discriminate");
      seen.add(value);
    }
  }
}
