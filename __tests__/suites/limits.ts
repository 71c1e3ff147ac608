import { describe, expect, it } from "vitest";
import { eventually } from "../support/deadline.js";
import { httpRequest } from "../support/http-request.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const nested = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels));

/** Limits that other suites meet only by the way: what a slow reader may cost, how long and how deep things may be. */
export function limits(serve: Serve): void {
  describe("limits", () => {
    const stage = useStage(serve);

    it("sendBuffer: a client that stops reading is closed, the others get everything", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() }, limits: { sendBuffer: 256 * 1024 } });
      const { dialogue } = server;
      const stalled = await stage.raw(server);
      await stalled.joinEverything("chat");
      const reader = await stage.connect(server, { userId: "reader" });
      await reader.join("chat");
      stalled.stopReading();
      let sent = 0;
      await eventually(async () => {
        dialogue.trigger("chat", { name: "message" }, { n: ++sent, text: "x".repeat(50_000) });
        await reader.next("dialogue:event", (event: { data: { n: number } }) => event.data.n === sent);
        return dialogue.room("chat")!.size() === 1;
      }, "the client that does not read is closed");
      await eventually(() => dialogue.getAllClients().length === 1, "the program knows no more of it");
      expect(dialogue.getAllClients()[0]!.userId).toBe("reader");
      expect(reader.disconnects).toEqual([]);
      stalled.read();
      await stalled.closed();
    });

    it("sendBuffer: a polling client that does not poll is closed too", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() }, limits: { sendBuffer: 64 * 1024 } });
      const client = await stage.connect(server, { userId: "ada", transports: ["polling"] });
      await client.join("chat");
      // All at once, before the client, in this process, can poll again.
      for (let n = 0; n < 20; n++) server.dialogue.trigger("chat", { name: "message" }, "x".repeat(10_000));
      await eventually(
        () => server.dialogue.room("chat")!.size() === 0,
        "the client that does not poll is out",
      );
      expect(await client.disconnected()).toMatch(/^transport/);
    });

    it("idLength: ids, event names and user ids, in bytes", async () => {
      const server = await stage.serve({
        rooms: { chat: chatRoom({ events: [{ name: "*" }] }) },
        limits: { idLength: 8, clientRooms: 9 },
      });
      const client = await stage.connect(server, { userId: "12345678" });
      await client.join("chat");
      for (const [id, accepted] of [
        ["12345678", true],
        ["123456789", false],
        ["ääää", true],
        ["äääää", false],
      ] as const) {
        const room = await client.ask("dialogue:createRoom", { id, name: "a name may be longer" });
        expect([id, room.ok, room.code]).toEqual([id, accepted, accepted ? undefined : "INVALID_REQUEST"]);
        const event = await client.ask("dialogue:trigger", { roomId: "chat", event: id });
        expect([id, event.ok, event.code]).toEqual([id, accepted, accepted ? undefined : "INVALID_REQUEST"]);
        expect(server.dialogue.createRoom(id, chatRoom())).toBeNull();
      }
      const refusal = await stage.client(server, { userId: "123456789" }).refusal();
      expect(refusal.data).toEqual({ code: "INVALID_REQUEST" });
    });

    it("clientRooms: rooms that a user asked for, not those that the program made in its name", async () => {
      const server = await stage.serve({
        rooms: { own: chatRoom({ createdById: "ann" }) },
        limits: { clientRooms: 1 },
      });
      server.dialogue.createRoom("made", chatRoom(), "ann");
      const ann = await stage.connect(server, { userId: "ann" });
      const create = (id: string) => ann.ask("dialogue:createRoom", { id, name: "Room" });
      expect(await create("first")).toMatchObject({ ok: true });
      expect(await create("second")).toMatchObject({ code: "PERMISSION_DENIED" });
      expect(await ann.ask("dialogue:deleteRoom", { roomId: "made" })).toMatchObject({ ok: true });
      expect(await create("second")).toMatchObject({ code: "PERMISSION_DENIED" });
      expect(await ann.ask("dialogue:deleteRoom", { roomId: "first" })).toMatchObject({ ok: true });
      expect(await create("second")).toMatchObject({ ok: true });
    });

    it("jsonDepth: levels of a payload", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() }, limits: { jsonDepth: 10 } });
      const client = await stage.connect(server);
      await client.join("chat");
      for (const [levels, accepted] of [
        [7, true],
        [11, false],
      ] as const) {
        const answer = await client.ask("dialogue:trigger", {
          roomId: "chat",
          event: "message",
          data: nested(levels),
        });
        expect([levels, answer.ok, answer.code]).toEqual([
          levels,
          accepted,
          accepted ? undefined : "INVALID_REQUEST",
        ]);
      }
    });

    it("connections: one more is a 503, and there is room again when one has gone", async () => {
      const server = await stage.serve({ limits: { connections: 2 } });
      const handshake = () => httpRequest(`${server.url}/socket.io/?EIO=4&transport=polling`);
      const [first] = await stage.crowd(server, 2);
      expect((await handshake()).status).toBe(503);
      await expect(stage.raw(server)).rejects.toMatchObject({ status: 503 });
      first!.close();
      await eventually(async () => (await handshake()).status === 200, "there is room again");
    });
  });
}
