import { type DialogueConfig, defineEvent, validateEventData } from "dialogue-rs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonWire } from "../support/json-wire.js";
import { LONG, scaled } from "../support/scale.js";
import { compositions } from "../support/schema-compositions.js";
import { type Specimen, zoo, zoo3, zooMini } from "../support/schema-zoo.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const SEED = 20261124;
const COMPOSITIONS = scaled(60, 300);
/** Releases of Zod by the names they have here, and how many inputs each schema gets: the newest gets the most. */
const RELEASES: readonly (readonly [name: string, make: (z: any) => readonly Specimen[], inputs: number])[] =
  [
    ["zod", zoo, scaled(40, 200)],
    ["zod-4-0", zoo, scaled(12, 200)],
    ["zod-4-1", zoo, scaled(12, 200)],
    ["zod-4-3", zoo, scaled(12, 200)],
    ["zod-3-25/v4", zoo, scaled(12, 200)],
    ["zod/mini", zooMini, scaled(12, 200)],
    ["zod-4-0/mini", zooMini, scaled(12, 200)],
    ["zod-3-25", zoo3, scaled(12, 200)],
  ];

/** JSON texts that engines read differently, to take the place of a value. */
const TRICKY = [
  ...["-0", "-0.0", "1e2", "1.0", "9007199254740993", "1e400", "0.1", "123456789012345678", "1E-7"],
  ...[`-0.${"0".repeat(330)}1`, "0.1000000000000000055511151231257827"],
  ...['"\\ud800"', '"\\u0061"', '"😀"', '"a😀b"', '"é"', '"\\n"', '"\\u0000"', '""', '"K"', '"ſ"'],
  ...[
    "null",
    "true",
    "[]",
    "{}",
    '{"__proto__":1}',
    '{"a":"x","a":1}',
    '{"constructor":"x"}',
    "[[]]",
    '"__proto__"',
  ],
];

/** Near-misses of a JSON text: one value, key or character of it is another. */
function mutant(text: string): fc.Arbitrary<string> {
  const tokens = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null/g)];
  const replace = fc
    .tuple(
      fc.nat(Math.max(tokens.length - 1, 0)),
      fc.oneof(fc.constantFrom(...TRICKY), fc.json({ maxDepth: 1 })),
    )
    .map(([index, other]) => {
      const token = tokens[index];
      if (!token) return other;
      const isKey = /^\s*:/.test(text.slice(token.index + token[0].length));
      if (isKey && !other.startsWith('"')) return text;
      return text.slice(0, token.index) + other + text.slice(token.index + token[0].length);
    });
  const extra = fc
    .constantFrom('"extra":1,', '"__proto__":{"a":1},', '"a":"x",', '"toString":1,', "1,")
    .map((added) => {
      const open = text.search(/[{[]/);
      const fits =
        open >= 0 && (text[open] === "{") === added.includes(":") && !/^[{[][}\]]/.test(text.slice(open));
      return fits ? text.slice(0, open + 1) + added + text.slice(open + 1) : text;
    });
  return fc.oneof(
    { weight: 6, arbitrary: replace },
    { weight: 2, arbitrary: extra },
    { weight: 1, arbitrary: fc.json({ maxDepth: 2 }) },
  );
}

const inputsOf = ({ seeds, name }: Specimen, index: number, count: number): string[] => {
  const texts = seeds.map((seed) => JSON.stringify(seed));
  const any = fc.oneof(
    ...texts.map((text) => fc.oneof(fc.constant(text), mutant(text), mutant(text).chain(mutant))),
  );
  // More than needed: some of them are no JSON.
  const made = fc.sample(any, { seed: SEED + index + name.length, numRuns: 3 * count + 10 });
  return [...texts, ...made].filter(isJson).slice(0, count);
};

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A schema that counts how often it is asked: what it is not asked about, the engine accepted. */
function counted(schema: Specimen["schema"]): { asked: number } {
  const counter = { asked: 0 };
  const safeParse = schema.safeParse.bind(schema);
  schema.safeParse = (data, options) => {
    counter.asked++;
    return safeParse(data, options);
  };
  return counter;
}

const asOnTheWire = (value: unknown): unknown => {
  const text = JSON.stringify(value);
  return text === undefined ? undefined : JSON.parse(text);
};

/** The native lane never says anything else than the schema. */
export function schemaLanes(serve: Serve): void {
  const stage = useStage(serve);
  describe("schemas", () => {
    for (const [release, make, inputs] of RELEASES) {
      it(
        `of ${release} judge ${inputs} inputs each as safeParse does, whichever lane decides`,
        async () => {
          // By a name that is no literal: a type checker need not read five releases.
          const { z } = (await import(release as string)) as { z: unknown };
          const ZOO = [...make(z), ...(make === zoo ? compositions(z as never, COMPOSITIONS, SEED) : [])];
          const counters = ZOO.map(({ schema }) => counted(schema));
          const events = ZOO.map(({ schema }, index) => defineEvent(`e${index}`, { schema }));
          const limits: DialogueConfig["limits"] = { rate: false };
          const rooms = { zoo: { name: "Zoo", events, defaultSubscriptions: ["*"] } };
          const server = await stage.serve({ rooms, limits });
          const told: unknown[] = [];
          for (const event of events)
            server.dialogue.on("zoo", event, (message) => void told.push(message.data));
          const wire = await JsonWire.connect(server.port);
          stage.atEnd(() => wire.close());
          await wire.ask("dialogue:join", '{"roomId":"zoo"}');

          let judged = 0;
          let accepted = 0;
          let natively = 0;
          const outputs: unknown[] = [];
          const slow: string[] = [];
          const unknown: string[] = [];
          for (const [index, specimen] of ZOO.entries()) {
            const [event, counter] = [events[index]!, counters[index]!];
            for (const text of inputsOf(specimen, index, inputs)) {
              const expected = validateEventData(event, JSON.parse(text));
              counter.asked = 0;
              const answer = await wire.ask(
                "dialogue:trigger",
                `{"roomId":"zoo","event":"e${index}","data":${text}}`,
              );
              const isNative = counter.asked === 0;
              const label = `${specimen.name} ${text} (${isNative ? "native" : "javascript"})`;
              const [received] = wire.takeEvents();
              judged++;
              expect(answer["ok"], `${label}: ${JSON.stringify(answer)}`).toBe(expected.isOk);
              if (expected.isErr) {
                expect(answer["code"], label).toBe("VALIDATION_FAILED");
                expect(answer["message"], label).toBe(expected.error.replace(/\p{Surrogate}/gu, "\ufffd"));
                const issues = JSON.stringify(expected.issues).replace(/\\ud[89a-f]../g, "\ufffd");
                expect(answer["issues"], label).toEqual(JSON.parse(issues));
                continue;
              }
              accepted++;
              natively += Number(isNative);
              outputs.push(expected.value);
              expect(received!["data"], label).toEqual(asOnTheWire(expected.value));
              if (specimen.native && text === JSON.stringify(specimen.seeds[0]) && !isNative)
                slow.push(specimen.name);
              if (specimen.never && isNative) unknown.push(label);
            }
          }
          expect(judged).toBe(ZOO.length * inputs);
          console.log(`${release}: ${judged} inputs, ${accepted} accepted, ${natively} of them natively`);
          expect(slow, "common shapes that the engine should judge").toEqual([]);
          expect(unknown, "schemas that the engine does not know").toEqual([]);
          if (make !== zoo3) expect(natively / accepted).toBeGreaterThan(0.3);
          await server.stop();
          // Handlers get the schema's output itself: dates are dates.
          expect(told).toEqual(outputs);
        },
        LONG ? 300_000 : 60_000,
      );
    }
  });
}
