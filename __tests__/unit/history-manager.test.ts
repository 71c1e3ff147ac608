import { createHistoryManager, DialogueError, type EventMessage } from "dialogue-rs";
import { describe, expect, it } from "vitest";

const message = (data: number, event = "message"): EventMessage => ({
  event,
  roomId: "chat",
  data,
  from: "ada",
  timestamp: data,
});
const data = (messages: EventMessage[]): unknown[] => messages.map((one) => one.data);

describe("createHistoryManager", () => {
  it("keeps the newest, newest first", () => {
    const history = createHistoryManager();
    for (let n = 1; n <= 5; n++) history.push("chat", "message", message(n), 3);
    expect(data(history.get("chat", "message", 0, 10))).toEqual([5, 4, 3]);
    expect(data(history.get("chat", "message", 1, 2))).toEqual([4]);
    expect(history.get("chat", "message", 2, 1)).toEqual([]);
    expect(history.get("chat", "other", 0, 10)).toEqual([]);
    expect(data(history.get("chat", "message", -4, Number.POSITIVE_INFINITY))).toEqual([5, 4, 3]);
    expect(history.count("chat", "message")).toBe(3);
    expect(history.count("nowhere", "message")).toBe(0);
  });

  it("hands what leaves to onCleanup, oldest first, inside push and clearRoom", () => {
    const cleaned: [string, string, unknown[]][] = [];
    const history = createHistoryManager({
      onCleanup: (roomId, eventName, events) => void cleaned.push([roomId, eventName, data(events)]),
    });
    for (let n = 1; n <= 4; n++) history.push("chat", "message", message(n), 3);
    expect(cleaned).toEqual([["chat", "message", [1]]]);
    history.clearRoom("chat");
    expect(cleaned[1]).toEqual(["chat", "message", [2, 3, 4]]);
    history.clearRoom("chat");
    expect(cleaned.length).toBe(2);
    expect(history.getEventNames("chat")).toEqual([]);
  });

  it("a failing onCleanup does not reach the caller of push", () => {
    const failures = [
      () => {
        throw new Error("thrown");
      },
      () => Promise.reject(new Error("rejected")),
    ];
    for (const onCleanup of failures) {
      const history = createHistoryManager({ onCleanup });
      history.push("chat", "message", message(1), 1);
      history.push("chat", "message", message(2), 1);
      expect(history.count("chat", "message")).toBe(1);
    }
  });

  it("merges all kinds by time", () => {
    const history = createHistoryManager();
    for (const n of [1, 3, 5]) history.push("chat", "odd", message(n, "odd"), 10);
    for (const n of [2, 4, 6]) history.push("chat", "even", message(n, "even"), 10);
    expect(data(history.getAll("chat"))).toEqual([6, 5, 4, 3, 2, 1]);
    expect(data(history.getAll("chat", 1))).toEqual([6]);
    expect(data(history.getAll("chat", 4))).toEqual([6, 5, 4, 3]);
    expect(history.getAll("chat", 0)).toEqual([]);
    expect(history.getEventNames("chat")).toEqual(["odd", "even"]);
  });

  it("is bounded in events of a kind and in rooms", () => {
    const cleaned: string[] = [];
    const history = createHistoryManager({
      maxEventsPerType: 2,
      maxRooms: 2,
      onCleanup: (roomId) => void cleaned.push(roomId),
    });
    for (let n = 1; n <= 3; n++) history.push("a", "message", message(n), 100);
    expect(history.count("a", "message")).toBe(2);
    history.push("b", "message", message(1), 100);
    history.push("a", "message", message(4), 100);
    cleaned.length = 0;
    history.push("c", "message", message(1), 100);
    expect(cleaned).toEqual(["b"]);
    expect([history.count("a", "message"), history.count("b", "message")]).toEqual([2, 0]);
  });

  it("defaults to 100 events of a kind and 1000 rooms", () => {
    const history = createHistoryManager();
    for (let n = 0; n < 150; n++) history.push("chat", "message", message(n), 1_000);
    expect(history.count("chat", "message")).toBe(100);
    for (let n = 0; n < 1_000; n++) history.push(`room ${n}`, "message", message(n), 1);
    expect(history.count("chat", "message")).toBe(0);
    expect(history.count("room 0", "message")).toBe(1);
  });

  it("names such as __proto__ are names", () => {
    const history = createHistoryManager();
    history.push("__proto__", "constructor", message(1), 1);
    expect(data(history.get("__proto__", "constructor", 0, 1))).toEqual([1]);
    expect(history.count("toString", "valueOf")).toBe(0);
  });

  it("refuses a config that makes no sense", () => {
    const make = createHistoryManager as (config?: unknown) => unknown;
    for (const [config, message] of [
      [{ maxRooms: 0 }, "maxRooms: must be a positive integer"],
      [null, "config: must be an object"],
      [5, "config: must be an object"],
      [{ onCleanup: 5 }, "onCleanup: must be a function"],
      [{ onLoad: "no" }, "onLoad: must be a function"],
    ] as const) {
      expect(() => make(config)).toThrow(DialogueError);
      expect(() => make(config)).toThrow(message);
    }
  });
});
