import type { EventMessage } from "dialogue-rs";
import { createDialogueClient } from "dialogue-rs/client";
import { describe, expect, it } from "vitest";
import type { Answer } from "../support/client.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const SEND_BUFFER = 64 * 1024;

/** Replies that would exceed half of `limits.sendBuffer` are cut there, and say so; nobody is closed for asking. */
export function largeReplies(serve: Serve): void {
  describe("large replies", () => {
    const stage = useStage(serve);

    for (const transports of [["websocket"], ["polling"]] as const) {
      it(`a page of history says where it was cut, and the next one goes on there (${transports[0]})`, async () => {
        const server = await stage.serve({
          rooms: { chat: chatRoom() },
          limits: { sendBuffer: SEND_BUFFER },
        });
        for (let n = 1; n <= 60; n++)
          server.dialogue.trigger("chat", { name: "message" }, { n, text: "x".repeat(2_000) });
        const client = await stage.connect(server, { transports: [...transports] });
        await client.join("chat");
        const seen: number[] = [];
        let start = 0;
        while (start < 60) {
          const page = await client.ask("dialogue:getHistory", {
            roomId: "chat",
            eventName: "message",
            start,
            end: 60,
          });
          expect(page["start"]).toBe(start);
          expect(page["end"]).toBe(start + page["events"].length);
          expect(page["end"]).toBeGreaterThan(start);
          expect(JSON.stringify(page["events"]).length).toBeLessThanOrEqual(SEND_BUFFER / 2);
          seen.push(...page["events"].map((event: EventMessage<{ n: number }>) => event.data.n));
          start = page["end"] as number;
        }
        expect(seen).toEqual(Array.from({ length: 60 }, (_, i) => 60 - i));
        expect(client.disconnects).toEqual([]);
      });
    }

    it("an event above half of the buffer still comes, alone", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() }, limits: { sendBuffer: SEND_BUFFER } });
      for (const n of [1, 2])
        server.dialogue.trigger("chat", { name: "message" }, { n, text: "x".repeat(50_000) });
      const client = await stage.connect(server);
      await client.join("chat");
      const read = (start: number) =>
        client.ask("dialogue:getHistory", { roomId: "chat", eventName: "message", start, end: 50 });
      const numbers = (page: Answer) =>
        page["events"].map((event: EventMessage<{ n: number }>) => event.data.n);
      const first = await read(0);
      expect([numbers(first), first["end"]]).toEqual([[2], 1]);
      expect(numbers(await read(1))).toEqual([1]);
    });

    it("a list of rooms that was cut says truncated", async () => {
      const rooms = Array.from({ length: 400 }, (_, i) => ({
        id: `room-${i}`,
        ...chatRoom({ description: "d".repeat(200) }),
      }));
      const server = await stage.serve({ rooms, limits: { sendBuffer: SEND_BUFFER } });
      const client = await stage.connect(server);
      const answer = await client.ask("dialogue:listRooms");
      expect(answer).toMatchObject({ ok: true, truncated: true });
      expect(answer["rooms"].length).toBeGreaterThan(50);
      expect(JSON.stringify(answer["rooms"]).length).toBeLessThanOrEqual(SEND_BUFFER / 2);
      expect(answer["rooms"].map((room: { id: string }) => room.id)).toEqual(
        rooms.slice(0, answer["rooms"].length).map((room) => room.id),
      );
      client.tell("dialogue:listRooms");
      expect((await client.next<unknown[]>("dialogue:rooms")).length).toBe(answer["rooms"].length);
      expect(client.disconnects).toEqual([]);
    });

    it("a list of rooms comes in pages, which go on where the last one ended, whatever is deleted meanwhile", async () => {
      const ids = (prefix: string, count: number) =>
        Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
      const server = await stage.serve({ limits: { roomsPage: 10 } });
      const { dialogue } = server;
      // Those that are not listed are in no page, and take no place in one.
      for (const id of ids("hidden", 50)) dialogue.createRoom(id, chatRoom({ listed: false }));
      for (const id of ids("room", 25)) dialogue.createRoom(id, chatRoom());
      const client = await stage.connect(server);
      const list = async (payload?: object) => {
        const page = await client.ask("dialogue:listRooms", ...(payload ? [payload] : []));
        return { ...page, ids: page["rooms"]?.map((room: { id: string }) => room.id) } as Answer;
      };
      const first = await list();
      expect([first["ids"], first["truncated"]]).toEqual([ids("room", 10), true]);
      dialogue.deleteRoom("room-9");
      dialogue.deleteRoom("room-10");
      const second = await list({ after: first["next"], limit: 1_000 });
      expect(second["ids"]).toEqual(ids("room", 21).slice(11));
      const third = await list({ after: second["next"] });
      expect([third["ids"], third["next"], third["truncated"]]).toEqual([
        ids("room", 25).slice(21),
        undefined,
        undefined,
      ]);
      expect((await list({ limit: 3 }))["ids"]).toEqual(ids("room", 3));
      dialogue.updateRoom("room-0", { listed: false });
      dialogue.updateRoom("hidden-7", { listed: true });
      expect((await list({ limit: 3 }))["ids"]).toEqual(["hidden-7", "room-1", "room-2"]);
      for (const [payload, named] of [
        [{ after: "room-3" }, "after"],
        [{ after: 3 }, "after"],
        [{ limit: 0 }, "limit"],
        [{ limit: -1 }, "limit"],
      ] as const)
        expect(await list(payload)).toMatchObject({
          code: "INVALID_REQUEST",
          message: expect.stringContaining(named),
        });
    });

    it("the client's listRooms goes through all pages", async () => {
      const server = await stage.serve({ limits: { roomsPage: 7 } });
      const names = Array.from({ length: 40 }, (_, n) => `room-${n}`);
      for (const id of names) server.dialogue.createRoom(id, chatRoom());
      const client = createDialogueClient({ url: server.url, auth: { userId: "ada" } });
      stage.atEnd(() => client.disconnect());
      await client.connect();
      expect((await client.listRooms()).map(({ id }) => id)).toEqual(names);
    });

    it("a list that fits does not say truncated", async () => {
      const client = await stage.connect(await stage.serve({ rooms: { chat: chatRoom() } }));
      expect("truncated" in (await client.ask("dialogue:listRooms"))).toBe(false);
    });
  });
}
