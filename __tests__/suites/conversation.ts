import type { EventMessage } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { bytesOf, type TestClient } from "../support/client.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

/** The main job: three official clients, one per way of connecting, hold a conversation. */
export function conversation(serve: Serve): void {
  describe("a conversation over WebSocket, polling and an upgrade", () => {
    const stage = useStage(serve);

    async function three(config: Parameters<Serve>[0] = {}): Promise<TestClient[]> {
      const server = await stage.serve({
        rooms: { chat: chatRoom() },
        limits: { clientRooms: 2 },
        ...config,
      });
      const clients = await Promise.all([
        stage.connect(server, { userId: "ada", transports: ["websocket"] }),
        stage.connect(server, { userId: "bob", transports: ["polling"] }),
        stage.connect(server, { userId: "cyd", transports: ["polling", "websocket"] }),
      ]);
      await clients[2]!.upgraded();
      for (const client of clients) await client.join("chat");
      return clients;
    }

    it("keeps each client on the transport it chose", async () => {
      const [ada, bob, cyd] = await three();
      expect([ada, bob, cyd].map((client) => client!.socket.io.engine.transport.name)).toEqual([
        "websocket",
        "polling",
        "websocket",
      ]);
    });

    it("delivers what each says to all three, in one order", async () => {
      const clients = await three();
      const turns = 10;
      await Promise.all(
        clients.map(async (client, who) => {
          for (let turn = 0; turn < turns; turn++) {
            const answer = await client.ask("dialogue:trigger", {
              roomId: "chat",
              event: "message",
              data: { who, turn },
            });
            expect(answer.ok).toBe(true);
          }
        }),
      );
      const seen = [];
      for (const client of clients) {
        await client.count("dialogue:event", 3 * turns);
        seen.push(client.all<EventMessage>("dialogue:event"));
      }
      expect(seen[0]!.map((message) => message.offset)).toEqual(
        Array.from({ length: 3 * turns }, (_, i) => i + 1),
      );
      expect(seen[1]).toEqual(seen[0]);
      expect(seen[2]).toEqual(seen[0]);
      for (const [who, from] of ["ada", "bob", "cyd"].entries()) {
        const mine = seen[0]!.filter((message) => message.from === from);
        expect(mine.map((message) => message.data)).toEqual(
          Array.from({ length: turns }, (_, turn) => ({ who, turn })),
        );
      }
    });

    it("delivers only to those who subscribed", async () => {
      const [ada, bob, cyd] = await three();
      expect(await bob!.ask("dialogue:subscribe", { roomId: "chat", eventName: "typing" })).toMatchObject({
        ok: true,
      });
      ada!.tell("dialogue:trigger", { roomId: "chat", event: "typing", data: true });
      expect(await bob!.next("dialogue:event")).toMatchObject({ event: "typing", from: "ada", data: true });
      await ada!.caughtUp();
      await cyd!.caughtUp();
      expect(ada!.all("dialogue:event")).toEqual([]);
      expect(cyd!.all("dialogue:event")).toEqual([]);
    });

    it("carries binary inside data and meta, live and through history", async () => {
      const clients = await three();
      for (const sender of clients) {
        const bytes = Uint8Array.from([0, 255, 128, 10, sender.socket.id!.charCodeAt(0)]);
        const payload = {
          data: { file: Buffer.from(bytes), parts: [bytes, { deep: bytes.buffer }] },
          meta: { hash: bytes, n: 1 },
        };
        expect(
          (await sender.ask("dialogue:trigger", { roomId: "chat", event: "message", ...payload })).ok,
        ).toBe(true);
        const live = await Promise.all(clients.map((client) => client.next<any>("dialogue:event")));
        const page = await sender.ask("dialogue:getHistory", {
          roomId: "chat",
          eventName: "message",
          end: 1,
        });
        for (const message of [...live, page["events"][0]]) {
          expect(bytesOf(message.data.file)).toEqual([...bytes]);
          expect(bytesOf(message.data.parts[0])).toEqual([...bytes]);
          expect(bytesOf(message.data.parts[1].deep)).toEqual([...bytes]);
          expect(bytesOf(message.meta.hash)).toEqual([...bytes]);
          expect(message.meta.n).toBe(1);
        }
      }
    });

    it("pages through history, the same for all", async () => {
      const clients = await three();
      for (let n = 1; n <= 25; n++) {
        await clients[n % 3]!.ask("dialogue:trigger", { roomId: "chat", event: "message", data: n });
      }
      for (const client of clients) {
        const pages: number[][] = [];
        for (let start = 0; start < 30; start += 10) {
          const page = await client.ask("dialogue:getHistory", {
            roomId: "chat",
            eventName: "message",
            start,
            end: start + 10,
          });
          pages.push(page["events"].map((message: EventMessage<number>) => message.data));
        }
        expect(pages.map((page) => page.length)).toEqual([10, 10, 5]);
        expect(pages.flat()).toEqual(Array.from({ length: 25 }, (_, i) => 25 - i));
      }
    });

    it("creates and deletes rooms, and everyone hears of it", async () => {
      const clients = await three();
      for (const creator of clients) {
        const id = `room of ${creator.socket.id}`;
        expect(await creator.ask("dialogue:createRoom", { id, name: "Side room" })).toMatchObject({
          ok: true,
          id,
          size: 0,
        });
        for (const client of clients) {
          await client.next("dialogue:roomCreated", (room: { id: string }) => room.id === id);
          await client.join(id);
          await client.ask("dialogue:subscribeAll", { roomId: id });
        }
        creator.tell("dialogue:trigger", { roomId: id, event: "anything", data: id });
        for (const client of clients)
          await client.next("dialogue:event", (message: EventMessage) => message.data === id);
        expect(await creator.ask("dialogue:deleteRoom", { roomId: id })).toMatchObject({
          ok: true,
          roomId: id,
        });
        for (const client of clients)
          await client.next("dialogue:roomDeleted", (room: { roomId: string }) => room.roomId === id);
        expect(await creator.ask("dialogue:join", { roomId: id })).toMatchObject({
          ok: false,
          code: "ROOM_NOT_FOUND",
        });
      }
    });
  });
}
