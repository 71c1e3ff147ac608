import type { StandardSchemaV1 } from "@standard-schema/spec";
import { DialogueError, defineEvent, getEventByName, isEventAllowed, validateEventData } from "dialogue-rs";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { z as z3 } from "zod/v3";

describe("defineEvent", () => {
  it("gives a frozen definition with the very schema", () => {
    const schema = z.object({ text: z.string() });
    const event = defineEvent("message", {
      schema,
      description: "said",
      history: { enabled: true, limit: 5 },
    });
    expect(event).toEqual({
      name: "message",
      schema,
      description: "said",
      history: { enabled: true, limit: 5 },
    });
    expect(event.schema).toBe(schema);
    expect(Object.isFrozen(event)).toBe(true);
    expect(Object.isFrozen(event.history)).toBe(true);
    expect(Object.keys(defineEvent("typing"))).toEqual(["name"]);
  });

  it("refuses what cannot be one, naming the field", () => {
    const wrong: [unknown[], string][] = [
      [[""], "event.name: must be a non-empty string"],
      [[5], "event.name: must be a non-empty string"],
      [["x", null], "options: must be an object"],
      [["x", "message"], "options: must be an object"],
      [["x", { schema: {} }], "event.schema: must be a Zod schema or a Standard Schema"],
      [["x", { history: { enabled: true, limit: 0 } }], "event.history.limit: must be a positive integer"],
      [["x", { history: { limit: 1 } }], "event.history.enabled: must be a boolean"],
    ];
    for (const [args, message] of wrong) {
      const define = () => (defineEvent as (...args: unknown[]) => unknown)(...args);
      expect(define).toThrow(DialogueError);
      expect(define).toThrow(message);
    }
  });
});

describe("validateEventData", () => {
  const Message = defineEvent("message", {
    schema: z.object({
      text: z.string(),
      tags: z.array(z.string()).default([]),
      at: z.coerce.date().optional(),
    }),
  });

  it("gives what the schema made of it", () => {
    const result = validateEventData(Message, { text: "hi", extra: 1, at: "1970-01-01T00:00:00.000Z" });
    expect(result).toMatchObject({ isOk: true, value: { text: "hi", tags: [], at: new Date(0) } });
    expect(result.isOk && "extra" in result.value).toBe(false);
  });

  it("without a schema gives the very data", () => {
    const data = { any: "thing" };
    const result = validateEventData(defineEvent("x"), data);
    expect(result.isOk && result.value).toBe(data);
  });

  it("names event, path and message of every issue", () => {
    const result = validateEventData(Message, { tags: ["a", 5] });
    expect(result.isErr && result.error).toMatch(
      /^Event 'message' validation failed: text: .+, tags\.1: [^,]+/,
    );
  });

  it("has the same beside the text: path and message of every issue", () => {
    const result = validateEventData(Message, { tags: ["a", 5] });
    const paths = result.isErr && result.issues?.map(({ path }) => path);
    expect(paths).toEqual([["text"], ["tags", 1]]);
    const texts = result.isErr && result.issues?.map(({ path, message }) => `${path.join(".")}: ${message}`);
    expect(result.isErr && result.error).toBe(
      `Event 'message' validation failed: ${(texts as string[]).join(", ")}`,
    );
    const deep = defineEvent("deep", { schema: v.object({ list: v.array(v.number()) }) });
    expect(validateEventData(deep, { list: [1, "2"] })).toMatchObject({
      issues: [{ path: ["list", 1], message: expect.any(String) }],
    });
    expect([Object.isFrozen(result), result.isErr && Object.isFrozen(result.issues)]).toEqual([true, true]);
  });

  it("leaves out an empty path", () => {
    const event = defineEvent("count", { schema: z.number().refine((n) => n > 3, "must exceed three") });
    const result = validateEventData(event, 1);
    expect(result.isErr && result.error).toBe("Event 'count' validation failed: must exceed three");
  });

  it("takes Zod 3, Valibot and any Standard Schema", () => {
    const three = { name: "three", schema: z3.object({ n: z3.number() }) as never };
    expect(validateEventData(three, { n: 1 }).isOk).toBe(true);
    expect(validateEventData(three, { n: "1" })).toMatchObject({
      error: expect.stringContaining("'three' validation failed: n: "),
    });

    const valibot = defineEvent("valibot", { schema: v.object({ list: v.array(v.number()) }) });
    expect(validateEventData(valibot, { list: [1] }).isOk).toBe(true);
    expect(validateEventData(valibot, { list: [1, "2"] })).toMatchObject({
      error: expect.stringContaining("failed: list.1: "),
    });

    const own: StandardSchemaV1<string, number> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) =>
          typeof value === "string" ? { value: value.length } : { issues: [{ message: "no" }] },
      },
    };
    const event = defineEvent("own", { schema: own });
    expect(validateEventData(event, "four")).toMatchObject({ isOk: true, value: 4 });
    expect(validateEventData(event, 4)).toMatchObject({ error: "Event 'own' validation failed: no" });
  });

  it("a schema that throws or is asynchronous is a refusal that tells nothing of it", () => {
    const throwing = z.string().refine(() => {
      throw new Error("secret");
    });
    const asynchronous = z.string().refine(() => Promise.resolve(true));
    for (const schema of [throwing, asynchronous]) {
      const result = validateEventData(defineEvent("x", { schema }), "a");
      expect(result.isErr && result.error.startsWith("Event 'x' validation failed: ")).toBe(true);
      expect(JSON.stringify(result)).not.toContain("secret");
    }
  });
});

describe("isEventAllowed and getEventByName", () => {
  const events = [{ name: "a" }, { name: "b" }];

  it("an empty list allows nothing, a wildcard everything", () => {
    expect(isEventAllowed("a", [])).toBe(false);
    expect(isEventAllowed("a", events)).toBe(true);
    expect(isEventAllowed("c", events)).toBe(false);
    expect(isEventAllowed("c", [...events, { name: "*" }])).toBe(true);
    expect(isEventAllowed("__proto__", events)).toBe(false);
  });

  it("finds the definition of exactly that name", () => {
    expect(getEventByName("b", events)).toBe(events[1]!);
    expect(getEventByName("c", [...events, { name: "*" }])).toBeUndefined();
  });
});
