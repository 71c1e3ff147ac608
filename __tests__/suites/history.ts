import type { EventMessage, HooksConfig } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { eventually, gate } from "../support/deadline.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const message = { name: "message" };
const data = (events: EventMessage[]) => events.map((event) => event.data);
const down = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, i) => from - i);
const up = (from: number, to: number) => down(to, from).reverse();

function remembering(limit: number, changes: Parameters<typeof chatRoom>[0] = {}) {
  return chatRoom({
    events: [
      { name: "message", history: { enabled: true, limit } },
      { name: "note", history: { enabled: true, limit } },
      { name: "typing" },
    ],
    ...changes,
  });
}

/** What memory holds, and what leaves it through `onCleanup`. */
export function history(serve: Serve): void {
  describe("history", () => {
    const stage = useStage(serve);

    /** Serves one room, and records what `onCleanup` was given. */
    async function recording(
      limit: number,
      settle: () => void | Promise<void> = () => {},
      config: Parameters<Serve>[0] = {},
    ) {
      const cleaned: EventMessage[] = [];
      const batches: [string, string, number][] = [];
      const onCleanup: NonNullable<NonNullable<HooksConfig["events"]>["onCleanup"]> = (
        roomId,
        eventName,
        events,
      ) => {
        batches.push([roomId, eventName, events.length]);
        cleaned.push(...events);
        return settle();
      };
      const server = await stage.serve({
        rooms: { chat: remembering(limit) },
        hooks: { events: { onCleanup } },
        ...config,
      });
      return { server, cleaned, batches, room: server.dialogue.room("chat")! };
    }

    it("a limit that is lowered takes effect at once: what is above it leaves through onCleanup", async () => {
      const { server, room, cleaned } = await recording(10);
      for (let n = 1; n <= 10; n++) room.trigger(message, n);
      room.trigger({ name: "note" }, "n");
      const changed = {
        events: [{ name: "message", history: { enabled: true, limit: 4 } }, { name: "note" }],
      };
      server.dialogue.updateRoom("chat", changed);
      await eventually(() => cleaned.length === 7, "what is above the new limits was handed over");
      expect(data(cleaned.filter(({ event }) => event === "message"))).toEqual(up(1, 6));
      await eventually(
        async () => (await room.history("message", 0, 100)).length === 4,
        "it is out of memory",
      );
      expect(data(await room.history("message", 0, 100))).toEqual(down(10, 7));
      const reader = await stage.connect(server);
      await reader.join("chat");
      const page = await reader.ask("dialogue:getHistory", { roomId: "chat" });
      expect(data(page["events"])).toEqual(down(10, 7));
    });

    it("keeps the newest of each kind up to its limit, newest first; start counts from the newest, end is exclusive", async () => {
      const { room } = await recording(5);
      for (let n = 1; n <= 8; n++) room.trigger(message, n);
      room.trigger({ name: "note" }, "n");
      room.trigger({ name: "typing" }, "t");
      await eventually(
        async () => (await room.history("message", 0, 100)).length === 5,
        "the evicted are gone",
      );
      expect(data(await room.history("message", 0, 100))).toEqual([8, 7, 6, 5, 4]);
      expect(data(await room.history("message", 1, 3))).toEqual([7, 6]);
      expect(await room.history("message", 5, 100)).toEqual([]);
      expect(await room.history("message", 3, 3)).toEqual([]);
      expect(await room.history("message", 4, 2)).toEqual([]);
      expect(data(await room.history("note", 0, 100))).toEqual(["n"]);
      expect(await room.history("typing", 0, 100)).toEqual([]);
      expect(await room.history("nothing", 0, 100)).toEqual([]);
    });

    it("takes a definition or a name, and throws for what is neither", async () => {
      const { room } = await recording(5);
      room.trigger(message, 1);
      expect(data(await room.history(message, 0, 1))).toEqual([1]);
      expect(data(await room.history("message", 0, 1))).toEqual([1]);
      for (const neither of [undefined, null, 5, "", {}, { name: 5 }, { name: "" }, ["message"]])
        expect(() => room.history(neither as never, 0, 1)).toThrow(TypeError);
    });

    it("ties in timestamp keep the order of arrival", async () => {
      const { room, server } = await recording(1_000);
      const client = await stage.connect(server);
      await client.join("chat");
      for (let n = 1; n <= 400; n++) room.trigger({ name: n % 2 ? "message" : "note" }, n);
      const odd = await room.history("message", 0, 1_000);
      expect(new Set(odd.map((event) => event.timestamp)).size).toBeLessThan(odd.length);
      expect(odd.map((event) => event.offset)).toEqual(down(400, 1).filter((n) => n % 2 === 1));
      const merged = await client.ask("dialogue:getHistory", { roomId: "chat", end: 400 });
      expect(merged["events"].map((event: EventMessage) => event.offset)).toEqual(down(400, 1));
    });

    it("getHistory without a name: all kinds merged, newest first, a page of the merged whole", async () => {
      const { room, server } = await recording(10);
      const client = await stage.connect(server);
      await client.join("chat");
      for (let n = 1; n <= 9; n++) room.trigger({ name: ["message", "note", "typing"][n % 3]! }, n);
      const page = await client.ask("dialogue:getHistory", { roomId: "chat", start: 1, end: 4 });
      expect(data(page["events"])).toEqual([7, 6, 4]);
      expect(page).toMatchObject({ eventName: null, start: 1 });
      for (const [start, end] of [
        [undefined, 50],
        [10, 50],
        [50, 100],
      ]) {
        const page = await client.ask("dialogue:getHistory", { roomId: "chat", start });
        expect(page).toMatchObject({ start: start ?? 0, end });
      }
    });

    it("a page is at most limits.historyPage, and no request gets the whole by accident", async () => {
      const { room, server } = await recording(100, undefined, { limits: { historyPage: 10 } });
      for (let n = 1; n <= 40; n++) room.trigger(message, n);
      const client = await stage.connect(server);
      await client.join("chat");
      const clamped = await client.ask("dialogue:getHistory", {
        roomId: "chat",
        eventName: "message",
        start: 3,
        end: 1_000,
      });
      expect(data(clamped["events"])).toEqual(down(37, 28));
      for (const [start, end] of [
        [-1, 5],
        [0, -1],
        [0, 1e18],
        [5, 2],
        [1e18, 1e19],
        [0.5, 3.5],
        [-1e308, 1e308],
      ]) {
        const answer = await client.ask("dialogue:getHistory", {
          roomId: "chat",
          eventName: "message",
          start,
          end,
        });
        if (answer.ok) expect(answer["events"].length).toBeLessThanOrEqual(10);
        else expect(answer.code).toBe("INVALID_REQUEST");
      }
      // The program's own memory is the program's to read.
      expect((await room.history("message", 0, 1_000)).length).toBe(40);
    });

    it("onCleanup gets what was evicted, oldest first, each once", async () => {
      const { room, cleaned, batches } = await recording(10);
      for (let n = 1; n <= 250; n++) room.trigger(message, n);
      await eventually(() => cleaned.length === 240, "240 evicted events at onCleanup");
      expect(data(cleaned)).toEqual(up(1, 240));
      expect(cleaned[0]).toMatchObject({ event: "message", roomId: "chat", from: "system", offset: 1 });
      expect(batches.every(([roomId, eventName]) => roomId === "chat" && eventName === "message")).toBe(true);
      expect(batches.length).toBeLessThanOrEqual(240);
    });

    it("evicted events stay readable until their onCleanup has settled", async () => {
      const settled = gate();
      const { room, cleaned } = await recording(5, () => settled.opened);
      for (let n = 1; n <= 12; n++) room.trigger(message, n);
      await eventually(() => cleaned.length > 0, "onCleanup is called");
      expect(data(await room.history("message", 0, 100))).toEqual(down(12, 1));
      settled.open();
      await eventually(
        async () => (await room.history("message", 0, 100)).length === 5,
        "the settled are gone",
      );
      expect(data(cleaned)).toEqual(up(1, 7));
    });

    it("a failing onCleanup is logged, and the next is called all the same", async () => {
      let calls = 0;
      const { room, server, cleaned } = await recording(1, () =>
        ++calls === 1 ? Promise.reject(new Error("no disk")) : undefined,
      );
      room.trigger(message, 1);
      room.trigger(message, 2);
      await eventually(() => cleaned.length >= 1, "the first onCleanup");
      room.trigger(message, 3);
      await eventually(() => data(cleaned).includes(2), "the second onCleanup");
      await eventually(() => server.log.at("error").length > 0, "the failure is logged");
    });

    it("a deleted room hands over what is left of every kind, then onDeleted", async () => {
      const order: string[] = [];
      const server = await stage.serve({
        rooms: { chat: remembering(3) },
        hooks: {
          events: {
            onCleanup: (_, eventName, events) =>
              void order.push(...events.map((event) => `${eventName} ${event.data}`)),
          },
          rooms: { onDeleted: () => void order.push("deleted") },
        },
      });
      const room = server.dialogue.room("chat")!;
      for (let n = 1; n <= 5; n++) room.trigger(message, n);
      room.trigger({ name: "note" }, 6);
      server.dialogue.deleteRoom("chat");
      await eventually(() => order.includes("deleted"), "onDeleted");
      expect(order.filter((entry) => entry.startsWith("message"))).toEqual(
        up(1, 5).map((n) => `message ${n}`),
      );
      expect(order.slice(-1)).toEqual(["deleted"]);
      expect(order.length).toBe(7);
    });

    it("stop hands over what is left, and waits until it is settled", async () => {
      const called = gate();
      const settled = gate();
      const { room, server, cleaned } = await recording(10, () => {
        called.open();
        return settled.opened;
      });
      for (let n = 1; n <= 4; n++) room.trigger(message, n);
      const { url } = server;
      let stopped = false;
      const stopping = server.dialogue.stop().then(() => {
        stopped = true;
      });
      await called.opened;
      // Whoever could connect now would be one that stop() let in.
      await stage.client({ url }).refusal();
      expect(stopped).toBe(false);
      settled.open();
      await stopping;
      expect(data(cleaned)).toEqual([1, 2, 3, 4]);
      await server.dialogue.start();
      expect(await room.history("message", 0, 10)).toEqual([]);
      expect(room.trigger(message, 5).isOk).toBe(true);
      expect((await room.history("message", 0, 10))[0]!.offset).toBe(1);
    });

    it("limits.historyBytes evicts the oldest, through onCleanup", async () => {
      const { room, cleaned } = await recording(1_000, undefined, { limits: { historyBytes: 32 * 1024 } });
      for (let n = 1; n <= 40; n++) room.trigger(message, { n, text: "x".repeat(4_000) });
      await eventually(
        async () => (await room.history("message", 0, 100)).length + cleaned.length === 40,
        "memory and onCleanup have all",
      );
      const kept = (await room.history("message", 0, 100)) as EventMessage<{ n: number }>[];
      expect(kept.length).toBeGreaterThanOrEqual(4);
      expect(kept.length).toBeLessThanOrEqual(8);
      expect(kept.map((event) => event.data.n)).toEqual(down(40, 40 - kept.length + 1));
      expect((cleaned as EventMessage<{ n: number }>[]).map((event) => event.data.n)).toEqual(
        up(1, 40 - kept.length),
      );
    });

    it("binary comes back from history and reaches onCleanup as binary", async () => {
      const { room, cleaned, server } = await recording(2);
      for (let n = 0; n < 4; n++)
        room.trigger(message, { bytes: Uint8Array.from([n, n]), n }, "ada", { tag: Buffer.from([n]) });
      await eventually(() => cleaned.length === 2, "two evicted events");
      const client = await stage.connect(server);
      await client.join("chat");
      const page = await client.ask("dialogue:getHistory", { roomId: "chat", eventName: "message" });
      for (const [events, expected] of [
        [await room.history("message", 0, 9), [3, 2]],
        [cleaned, [0, 1]],
        [page["events"], [3, 2]],
      ] as const) {
        const found = events.map((event: any) => [[...event.data.bytes], event.data.n, [...event.meta.tag]]);
        expect(found).toEqual(expected.map((n) => [[n, n], n, [n]]));
      }
    });
  });
}
