import { describe, expect, it } from "vitest";
import { eventually } from "../support/deadline.js";
import { httpRequest } from "../support/http-request.js";
import { recordingLogger } from "../support/recording-logger.js";
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

    it("rooms: a client makes no more than there may be in all, the program is never refused", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() }, limits: { clientRooms: 9, rooms: 3 } });
      const client = await stage.connect(server);
      const create = (id: string) => client.ask("dialogue:createRoom", { id, name: "Room" });
      expect(await create("one")).toMatchObject({ ok: true });
      expect(await create("two")).toMatchObject({ ok: true });
      const refused = await create("three");
      expect(refused).toMatchObject({ ok: false, code: "OVERLOADED" });
      expect(refused["message"]).toContain("limits.rooms");
      expect(server.dialogue.createRoom("own", chatRoom())).not.toBeNull();
      for (const roomId of ["one", "two"])
        expect(await client.ask("dialogue:deleteRoom", { roomId })).toMatchObject({ ok: true });
      expect(await create("three")).toMatchObject({ ok: true });
    });

    it("roomRate: who makes and deletes rooms in a loop is refused, and may go on with all else", async () => {
      const server = await stage.serve({
        rooms: { chat: chatRoom() },
        limits: { clientRooms: 1_000, roomRate: 2 },
      });
      const client = await stage.connect(server);
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, n) =>
          n % 2 === 0
            ? client.ask("dialogue:createRoom", { id: `room-${n}`, name: "Room" })
            : client.ask("dialogue:deleteRoom", { roomId: `room-${n - 1}` }),
        ),
      );
      const codes = answers.map(({ code }) => code);
      expect(codes.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
      expect(codes.filter((code) => code === "RATE_LIMITED").length).toBeGreaterThan(10);
      expect(answers.find(({ code }) => code === "RATE_LIMITED")!["message"]).toContain("limits.roomRate");
      expect(await client.ask("dialogue:join", { roomId: "chat" })).toMatchObject({ ok: true });
    });

    it("sendBuffer: who is closed for it is in the log, once, with the name of the limit", async () => {
      const log = recordingLogger();
      const server = await stage.serve({
        rooms: { chat: chatRoom() },
        logger: log,
        limits: { sendBuffer: 64 * 1024 },
      });
      const clients = await stage.crowd(server, 3);
      for (const client of clients) await client.join("chat");
      // Alone a message may be larger than the limit. What comes before it is out does not fit behind it.
      for (let n = 0; n < 2; n++)
        server.dialogue.trigger("chat", { name: "message" }, "x".repeat(8 * 1024 * 1024));
      await eventually(() => server.dialogue.room("chat")!.size() === 0, "nobody is left");
      await eventually(() => log.mentions("warn", "limits.sendBuffer"), "the log says why");
      expect(log.at("warn").filter(({ message }) => message.includes("limits.sendBuffer"))).toHaveLength(1);
      expect(log.at("warn").find(({ message }) => message.includes("sendBuffer"))!.message).toContain(
        "65536",
      );
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
