import * as dialogueRs from "dialogue-rs";
import {
  createHistoryManager,
  createRateLimiter,
  DialogueError,
  defineEvent,
  Err,
  type EventMessage,
  getEventByName,
  is,
  isEventAllowed,
  Ok,
  validateEventData,
} from "dialogue-rs";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";

/** What works without a server. */
export function standingAlone(): void {
  describe("Result", () => {
    it("is a frozen union told apart by isOk and isErr", () => {
      const ok = Ok(5);
      const err = Err("no");
      expect(ok).toMatchObject({ type: "Ok", isOk: true, isErr: false, value: 5 });
      expect(err).toMatchObject({ type: "Err", isOk: false, isErr: true, error: "no" });
      expect([Object.isFrozen(ok), Object.isFrozen(err)]).toEqual([true, true]);
      expect([ok.expect("why"), ok.unwrap().else(6), err.unwrap().else(6)]).toEqual([5, 5, 6]);
      expect(() => err.expect("it had to work")).toThrow("it had to work");
      expect(Ok().isOk).toBe(true);
    });
  });

  describe("events", () => {
    const schema = z.object({
      text: z.string().trim().min(1),
      at: z.coerce.date().optional(),
      n: z.number().default(3),
    });
    const Message = defineEvent("message", {
      schema,
      description: "Said",
      history: { enabled: true, limit: 5 },
    });

    it("defineEvent freezes, and keeps the very schema", () => {
      expect(Object.isFrozen(Message)).toBe(true);
      expect(Message.schema).toBe(schema);
      expect(Message).toMatchObject({
        name: "message",
        description: "Said",
        history: { enabled: true, limit: 5 },
      });
      expect(() => defineEvent("")).toThrow(DialogueError);
    });

    it("validateEventData applies what the schema says, or names what is wrong", () => {
      const result = validateEventData(Message, { text: " hi ", at: "2020-01-01", extra: 1 });
      expect(result).toMatchObject({ isOk: true, value: { text: "hi", n: 3, at: new Date("2020-01-01") } });
      expect("extra" in (result as { value: object }).value).toBe(false);
      const wrong = validateEventData(Message, { text: "", n: "x" }) as { error: string };
      expect(wrong.error).toMatch(/^Event 'message' validation failed: text: .+, n: /);
      expect(validateEventData(defineEvent("any"), undefined)).toMatchObject({
        isOk: true,
        value: undefined,
      });
      expect(validateEventData({ name: "plain", schema }, { text: "x" }).isOk).toBe(true);
    });

    it("other Standard Schemas work through defineEvent", () => {
      const Move = defineEvent("move", { schema: v.object({ x: v.number() }) });
      expect(validateEventData(Move, { x: 1 })).toMatchObject({ isOk: true, value: { x: 1 } });
      expect((validateEventData(Move, { x: "1" }) as { error: string }).error).toMatch(
        /^Event 'move' validation failed: x: /,
      );
    });

    it("is: whether a message is of an event", () => {
      const message: EventMessage = { event: "message", roomId: "chat", data: {}, from: "ada", timestamp: 1 };
      expect([is(Message, message), is({ name: "other" }, message), is({ name: "*" }, message)]).toEqual([
        true,
        false,
        true,
      ]);
      for (const none of [undefined, null, {}, "message"]) expect(is(Message, none as never)).toBe(false);
      for (const none of [undefined, null, {}, "message"])
        expect(() => is(none as never, message)).toThrow(TypeError);
    });

    it("isEventAllowed and getEventByName", () => {
      const events = [Message, { name: "typing" }];
      expect([
        isEventAllowed("typing", events),
        isEventAllowed("shout", events),
        isEventAllowed("shout", []),
        isEventAllowed("shout", [{ name: "*" }]),
      ]).toEqual([true, false, false, true]);
      expect(getEventByName("message", events)).toBe(Message);
      expect(getEventByName("shout", [{ name: "*" }])).toBeUndefined();
    });
  });

  describe("createHistoryManager", () => {
    const event = (n: number, name = "message"): EventMessage<number> => ({
      event: name,
      roomId: "chat",
      data: n,
      from: "ada",
      timestamp: Math.floor(n / 3),
    });

    it("keeps the newest, gives out newest first, and cleans up oldest first, inside push and clearRoom", () => {
      const cleaned: [string, unknown[]][] = [];
      const history = createHistoryManager({
        onCleanup: (roomId, name, events) =>
          void cleaned.push([`${roomId} ${name}`, events.map(({ data }) => data)]),
      });
      for (let n = 1; n <= 5; n++) history.push("chat", "message", event(n), 3);
      history.push("chat", "note", event(6, "note"), 3);
      expect(history.get("chat", "message", 0, 10).map(({ data }) => data)).toEqual([5, 4, 3]);
      expect(history.get("chat", "message", 1, 2).map(({ data }) => data)).toEqual([4]);
      expect(history.getAll("chat").map(({ data }) => data)).toEqual([6, 5, 4, 3]);
      expect(history.getAll("chat", 1).map(({ data }) => data)).toEqual([6]);
      expect([history.count("chat", "message"), history.count("none", "message")]).toEqual([3, 0]);
      expect(history.getEventNames("chat").sort()).toEqual(["message", "note"]);
      expect(cleaned.flatMap(([, events]) => events)).toEqual([1, 2]);
      history.clearRoom("chat");
      expect(cleaned.slice(-2).sort()).toEqual([
        ["chat message", [3, 4, 5]],
        ["chat note", [6]],
      ]);
      expect([history.count("chat", "message"), history.getEventNames("chat")]).toEqual([0, []]);
    });

    it("keeps at most 100 of a kind and 1,000 rooms unless told otherwise", () => {
      const history = createHistoryManager();
      for (let n = 0; n < 150; n++) history.push("chat", "message", event(n), 1_000);
      expect(history.count("chat", "message")).toBe(100);
      for (let n = 0; n < 1_000; n++) history.push(`room-${n}`, "message", event(n), 1);
      expect([history.count("chat", "message"), history.count("room-999", "message")]).toEqual([0, 1]);
    });
  });

  describe("createRateLimiter", () => {
    it("allows so many per key within the window", () => {
      for (const config of [
        { windowMs: 60_000, maxRequests: 3 },
        { windowMs: 60_000, maxEvents: 3 },
      ]) {
        const limiter = createRateLimiter(config);
        expect([1, 2, 3, 4].map(() => limiter.isAllowed("a"))).toEqual([true, true, true, false]);
        expect([limiter.remaining("a"), limiter.remaining("b"), limiter.isAllowed("b")]).toEqual([
          0,
          3,
          true,
        ]);
        limiter.clear();
        expect(limiter.isAllowed("a")).toBe(true);
      }
    });
  });

  describe("the rest", () => {
    it("detectRuntime tells this runtime", () => {
      expect(dialogueRs.detectRuntime()).toBe("Bun" in globalThis ? "bun" : "node");
    });

    it("DialogueError is an Error with a code", () => {
      const error = new DialogueError("ROOM_FULL", "Room 'a' is at capacity", { roomId: "a" });
      expect(error).toBeInstanceOf(Error);
      expect(error).toMatchObject({ name: "DialogueError", code: "ROOM_FULL", retryable: true, roomId: "a" });
      expect(new DialogueError("NOT_IN_ROOM", "").retryable).toBe(false);
    });

    it("loggers: the default one writes to the console, the silent one nowhere", () => {
      const written: unknown[][] = [];
      const { log, info, warn, error, debug } = console;
      const record = (...args: unknown[]) => void written.push(args);
      Object.assign(console, { log: record, info: record, warn: record, error: record, debug: record });
      try {
        const entry = { message: "hello", atFunction: "test", data: { n: 1 } };
        for (const level of ["info", "warn", "error"] as const) {
          dialogueRs.createDefaultLogger()[level](entry);
          dialogueRs.createSilentLogger()[level](entry);
        }
      } finally {
        Object.assign(console, { log, info, warn, error, debug });
      }
      expect(written.map((args) => String(args[0]).slice(0, 20))).toEqual(
        ["[Dialogue] [INFO]", "[Dialogue] [WARN]", "[Dialogue] [ERROR]"].map((start) =>
          expect.stringContaining(start),
        ),
      );
      expect(written.every((args) => JSON.stringify(args).includes("hello"))).toBe(true);
    });

    it("exports what the contract names", () => {
      const names = [
        "createDialogue",
        "defineEvent",
        "validateEventData",
        "isEventAllowed",
        "getEventByName",
        "createHistoryManager",
        "createRateLimiter",
        "createDefaultLogger",
        "createSilentLogger",
        "detectRuntime",
        "Ok",
        "Err",
        "DialogueError",
      ];
      expect(
        names.filter((name) => typeof (dialogueRs as Record<string, unknown>)[name] !== "function"),
      ).toEqual([]);
    });
  });
}
