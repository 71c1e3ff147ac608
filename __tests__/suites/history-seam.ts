import type { EventMessage } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { eventually, type Gate, gate } from "../support/deadline.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const message = { name: "message" };
const LIMIT = 10;
const down = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, i) => from - i);

/** Where memory ends and `onLoad` goes on: nothing twice, nothing skipped. */
export function historySeam(serve: Serve): void {
  describe("the seam between memory and onLoad", () => {
    const stage = useStage(serve);

    /** A program that stores what onCleanup gives it (before or after waiting at the gate) and loads from there. */
    async function storing(options: { wait?: Gate; storeFirst?: boolean } = {}) {
      const store: EventMessage[] = [];
      const loads: [string, string, number, number][] = [];
      let pending = 0;
      const server = await stage.serve({
        rooms: {
          chat: chatRoom({
            events: [{ name: "message", history: { enabled: true, limit: LIMIT } }, { name: "typing" }],
          }),
        },
        hooks: {
          events: {
            onCleanup: async (_roomId, _eventName, events) => {
              pending++;
              if (options.storeFirst) store.push(...events);
              await options.wait?.opened;
              if (!options.storeFirst) store.push(...events);
              pending--;
            },
            onLoad: async (roomId, eventName, start, end) => {
              loads.push([roomId, eventName, start, end]);
              const newestFirst = [...store].reverse().slice(start, end);
              await Promise.resolve();
              return newestFirst;
            },
          },
        },
      });
      const room = server.dialogue.room("chat")!;
      const fill = (from: number, to: number) => {
        for (let n = from; n <= to; n++) room.trigger(message, n);
      };
      return { server, room, store, loads, fill, pending: () => pending };
    }

    async function read(
      page: (start: number, end: number) => Promise<EventMessage[]>,
      total: number,
      size: number,
    ) {
      const seen: unknown[] = [];
      for (let start = 0; start < total; start += size) {
        const events = await page(start, start + size);
        expect(events.length).toBe(Math.min(size, total - start));
        seen.push(...events.map((event) => event.data));
      }
      return seen;
    }

    it("reads that overlap without end do not keep onCleanup from its turn", async () => {
      const stored: EventMessage[] = [];
      let underWay = 0;
      const server = await stage.serve({
        rooms: {
          chat: chatRoom({ events: [{ name: "message", history: { enabled: true, limit: LIMIT } }] }),
        },
        hooks: {
          events: {
            onCleanup: (_roomId, _eventName, events) => void stored.push(...events),
            onLoad: async (_roomId, _eventName, start, end) => {
              underWay++;
              for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
              underWay--;
              return [...stored].reverse().slice(start, end);
            },
          },
        },
      });
      const room = server.dialogue.room("chat")!;
      const pages: Promise<EventMessage[]>[] = [];
      const storedWhileReading: number[] = [];
      for (let n = 1; n <= 200; n++) {
        expect(room.trigger(message, n).isOk).toBe(true);
        pages.push(room.history("message", 0, 1_000));
        for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
        storedWhileReading.push(stored.length);
      }
      expect(storedWhileReading.at(-1)).toBeGreaterThan(100);
      for (const page of await Promise.all(pages)) {
        const said = page.map(({ data }) => data as number);
        expect(said).toEqual(down(said[0]!, 1));
      }
      expect(underWay).toBe(0);
    });

    it("pages run on from memory into what onLoad supplies, start and end relative to what memory does not hold", async () => {
      const { room, server, store, loads, fill, pending } = await storing();
      fill(1, 100);
      await eventually(() => store.length === 100 - LIMIT && pending() === 0, "everything evicted is stored");
      await eventually(async () => {
        await room.history("message", 0, LIMIT + 1);
        return loads.length > 0;
      }, "memory ends at its limit");
      loads.length = 0;
      expect((await room.history("message", 0, LIMIT)).map((event) => event.data)).toEqual(down(100, 91));
      expect(loads).toEqual([]);
      expect((await room.history("message", 7, 17)).map((event) => event.data)).toEqual(down(93, 84));
      expect(loads).toEqual([["chat", "message", 0, 7]]);
      expect((await room.history("message", 30, 40)).map((event) => event.data)).toEqual(down(70, 61));
      expect(loads[1]).toEqual(["chat", "message", 20, 30]);
      for (const size of [7, 13])
        expect(await read((start, end) => room.history("message", start, end), 100, size)).toEqual(
          down(100, 1),
        );
      const client = await stage.connect(server);
      await client.join("chat");
      const overTheWire = async (start: number, end: number) =>
        (await client.ask("dialogue:getHistory", { roomId: "chat", eventName: "message", start, end }))[
          "events"
        ] as EventMessage[];
      expect(await read(overTheWire, 100, 9)).toEqual(down(100, 1));
      expect(await room.history("message", 100, 110)).toEqual([]);
    });

    it("while an onCleanup is pending, what it was given is read from memory, without waiting", async () => {
      const wait = gate();
      const { room, fill, pending, loads } = await storing({ wait });
      fill(1, 30);
      await eventually(() => pending() > 0, "an onCleanup is pending");
      expect(await read((start, end) => room.history("message", start, end), 28, 7)).toEqual(down(30, 3));
      expect(loads).toEqual([]);
      wait.open();
      await eventually(() => pending() === 0, "it settled");
      expect(await read((start, end) => room.history("message", start, end), 30, 7)).toEqual(down(30, 1));
    });

    it("nothing twice when the program has stored it already and its onCleanup is still pending", async () => {
      const wait = gate();
      const { room, fill, pending, store } = await storing({ wait, storeFirst: true });
      fill(1, 30);
      await eventually(() => pending() > 0 && store.length > 0, "an onCleanup is pending");
      const pages = [
        room.history("message", 0, 40),
        room.history("message", 5, 25),
        room.history("message", 15, 40),
      ];
      wait.open();
      const [all, middle, last] = (await Promise.all(pages)).map((page) => page.map((event) => event.data));
      expect(all).toEqual(down(30, 1));
      expect(middle).toEqual(down(25, 6));
      expect(last).toEqual(down(15, 1));
    });

    it("a page read while events keep coming has no gap and no repetition within", async () => {
      const { room, fill } = await storing();
      fill(1, 60);
      let n = 60;
      for (let round = 0; round < 30; round++) {
        const page = room.history("message", 3, 33);
        for (let i = 0; i < 5; i++) room.trigger(message, ++n);
        const offsets = (await page).map((event) => event.offset!);
        expect(offsets.length).toBe(30);
        expect(offsets).toEqual(down(offsets[0]!, offsets[0]! - 29));
      }
    });

    it("onLoad is not asked for an event without history, for an unknown one, or for a merged page", async () => {
      const { room, server, loads } = await storing();
      await room.history("typing", 0, 10);
      await room.history("unknown", 0, 10);
      const client = await stage.connect(server);
      await client.join("chat");
      for (const eventName of ["typing", "unknown", "__proto__", undefined])
        await client.ask("dialogue:getHistory", { roomId: "chat", eventName });
      expect(loads).toEqual([]);
    });

    for (const [how, onLoad] of [
      ["rejects", () => Promise.reject(new Error("secret of the store"))],
      [
        "throws",
        () => {
          throw new Error("secret of the store");
        },
      ],
      ["returns no array", () => Promise.resolve("nothing" as unknown as EventMessage[])],
    ] as const) {
      it(`an onLoad that ${how} is INTERNAL to the client, and rejects room.history`, async () => {
        const server = await stage.serve({ rooms: { chat: chatRoom() }, hooks: { events: { onLoad } } });
        const room = server.dialogue.room("chat")!;
        room.trigger(message, 1);
        const error = await room.history("message", 0, 10).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).toBeInstanceOf(Error);
        expect((error as { code?: string }).code).toBe("INTERNAL");
        const client = await stage.connect(server);
        await client.join("chat");
        const request = { roomId: "chat", eventName: "message" };
        expect(await client.ask("dialogue:getHistory", request)).toMatchObject({
          ok: false,
          code: "INTERNAL",
          message: "Internal error",
        });
        client.tell("dialogue:getHistory", request);
        expect(await client.next("dialogue:error")).toMatchObject({
          code: "INTERNAL",
          message: "Internal error",
        });
        expect((await room.history("message", 0, 1)).map((event) => event.data)).toEqual([1]);
        expect(JSON.stringify(client.received)).not.toContain("secret");
      });
    }
  });
}
