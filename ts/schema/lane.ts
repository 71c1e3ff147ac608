import type { EventDefinition } from "../../index.js";
import { Unvetted } from "./unvetted.js";
import { type JsonSchema, type Vetting, vet } from "./vet.js";
import { definitionOf, versionOf } from "./zod-definition.js";

/** Who judges the payloads of an event, and why. */
export type Lane =
  | {
      readonly lane: "native";
      readonly json: JsonSchema;
      readonly lengths: boolean;
      readonly patterns: boolean;
    }
  | { readonly lane: "javascript"; readonly why: string };

const known = new WeakMap<object, Lane>();

/** The lane of a schema: the engine's own where what it accepts is certain to be what the schema accepts and returns unchanged. */
export function laneOf(schema: object): Lane {
  let lane = known.get(schema);
  if (!lane) {
    lane = findLane(schema);
    known.set(schema, lane);
  }
  return lane;
}

function findLane(schema: object): Lane {
  if (!definitionOf(schema)) return { lane: "javascript", why: stranger(schema) };
  const vetting: Vetting = { lengths: false, patterns: false, depth: 0 };
  try {
    const json = vet(schema, vetting);
    const { lengths, patterns } = vetting;
    return { lane: "native", json, lengths, patterns };
  } catch (error) {
    return {
      lane: "javascript",
      why: error instanceof Unvetted ? `it has ${error.message}` : "it cannot be walked",
    };
  }
}

function stranger(schema: object): string {
  const version = versionOf(schema);
  if (!version) return "it is not a schema of Zod 4";
  return version.known
    ? "it is of a class that extends Zod's, or of a kind that is not known"
    : `it is a schema of Zod ${version.text}, which is not known`;
}

const printed = new Set<string>();

/** With `DIALOGUE_DEBUG=schemas`, says once for each event which lane it has and why. */
export function printLane({ name }: EventDefinition, lane: Lane): void {
  if (!(process.env["DIALOGUE_DEBUG"] ?? "").split(",").includes("schemas")) return;
  const why =
    lane.lane === "native" ? "judged by the engine, what it does not accept by the schema" : lane.why;
  const line = `[Dialogue] [schemas] event '${name}': ${lane.lane} (${why})`;
  if (printed.has(line)) return;
  printed.add(line);
  console.error(line);
}
