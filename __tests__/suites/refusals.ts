import { describe, expect, it } from "vitest";
import type { TestClient } from "../support/client.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

/** The errors that clients see: code, message and fields, in the acknowledgement or as `dialogue:error`. */
export function refusals(serve: Serve): void {
  describe("refusals", () => {
    const stage = useStage(serve);

    async function refused(
      client: TestClient,
      command: string,
      payload: object,
      expected: { code: string; message?: string | RegExp } & Record<string, unknown>,
    ) {
      const { message, ...fields } = expected;
      const answer = await client.ask(command, payload);
      expect(answer).toMatchObject({ ok: false, code: fields.code });
      client.tell(command, payload);
      const error = await client.next<any>("dialogue:error");
      expect(error).toMatchObject(fields);
      expect(error.message).toBe(answer.message);
      if (message !== undefined) expect(answer.message).toMatch(message);
    }

    it("ROOM_NOT_FOUND: every command that names a room", async () => {
      const client = await stage.connect(await stage.serve({}));
      for (const [command, payload] of [
        ["dialogue:join", { roomId: "nowhere" }],
        ["dialogue:subscribe", { roomId: "nowhere", eventName: "message" }],
        ["dialogue:subscribeAll", { roomId: "nowhere" }],
        ["dialogue:unsubscribe", { roomId: "nowhere", eventName: "message" }],
        ["dialogue:trigger", { roomId: "nowhere", event: "message", data: 1 }],
        ["dialogue:getHistory", { roomId: "nowhere", eventName: "message" }],
        ["dialogue:deleteRoom", { roomId: "nowhere" }],
      ] as const) {
        await refused(client, command, payload, {
          code: "ROOM_NOT_FOUND",
          message: /^Room 'nowhere' does not exist$/,
          roomId: "nowhere",
        });
      }
    });

    it("NOT_IN_ROOM: a member's verbs by one who is none, was refused, or has left", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom({ maxSize: 1 }) } });
      const member = await stage.connect(server);
      await member.join("chat");
      const stranger = await stage.connect(server);
      const verbs = async () => {
        for (const [command, payload] of [
          ["dialogue:trigger", { roomId: "chat", event: "message", data: 1 }],
          ["dialogue:getHistory", { roomId: "chat", eventName: "message" }],
          ["dialogue:getHistory", { roomId: "chat" }],
          ["dialogue:subscribe", { roomId: "chat", eventName: "message" }],
          ["dialogue:subscribeAll", { roomId: "chat" }],
          ["dialogue:unsubscribe", { roomId: "chat", eventName: "message" }],
        ] as const) {
          await refused(stranger, command, payload, {
            code: "NOT_IN_ROOM",
            message: /^Not in room 'chat'$/,
            roomId: "chat",
          });
        }
      };
      await verbs();
      await refused(
        stranger,
        "dialogue:join",
        { roomId: "chat" },
        { code: "ROOM_FULL", message: /^Room 'chat' is at capacity$/, roomId: "chat" },
      );
      await verbs();
      await member.ask("dialogue:leave", { roomId: "chat" });
      await stranger.join("chat");
      await stranger.ask("dialogue:leave", { roomId: "chat" });
      await verbs();
      server.dialogue.trigger("chat", { name: "message" }, "secret");
      await stranger.caughtUp();
      expect(stranger.all("dialogue:event")).toEqual([]);
    });

    it("EVENT_NOT_ALLOWED: not listed, or nothing is", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom(), silent: chatRoom({ events: [] }) } });
      const client = await stage.connect(server);
      for (const roomId of ["chat", "silent"]) {
        await client.join(roomId);
        for (const event of ["shout", "constructor", "__proto__"]) {
          await refused(
            client,
            "dialogue:trigger",
            { roomId, event, data: 1 },
            { code: "EVENT_NOT_ALLOWED", roomId, event },
          );
        }
      }
      const answer = await client.ask("dialogue:trigger", { roomId: "chat", event: "shout", data: 1 });
      expect(answer.message).toBe("Event 'shout' is not allowed in room 'chat'");
    });

    it("PERMISSION_DENIED: creating where it is off, and past the allowance", async () => {
      const off = await stage.connect(await stage.serve({}), { userId: "ada" });
      await refused(
        off,
        "dialogue:createRoom",
        { id: "a", name: "A" },
        { code: "PERMISSION_DENIED", message: /clientRooms/ },
      );

      const server = await stage.serve({ limits: { clientRooms: { max: 2, maxSize: 7 } } });
      const ada = await stage.connect(server, { userId: "ada" });
      const again = await stage.connect(server, { userId: "ada" });
      expect(await ada.ask("dialogue:createRoom", { id: "a", name: "A" })).toMatchObject({
        ok: true,
        maxSize: 7,
      });
      expect((await again.ask("dialogue:createRoom", { id: "b", name: "B", maxSize: 3 }))["maxSize"]).toBe(3);
      await refused(
        ada,
        "dialogue:createRoom",
        { id: "c", name: "C" },
        { code: "PERMISSION_DENIED", message: /clientRooms/ },
      );
      await ada.ask("dialogue:deleteRoom", { roomId: "b" });
      expect((await ada.ask("dialogue:createRoom", { id: "c", name: "C" })).ok).toBe(true);
    });

    it("PERMISSION_DENIED: deleting a room of the program, or of another user", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() }, limits: { clientRooms: 1 } });
      const ada = await stage.connect(server, { userId: "ada" });
      const bob = await stage.connect(server, { userId: "bob" });
      await ada.ask("dialogue:createRoom", { id: "hers", name: "Hers" });
      for (const roomId of ["chat", "hers"])
        await refused(bob, "dialogue:deleteRoom", { roomId }, { code: "PERMISSION_DENIED", roomId });
      expect(server.dialogue.rooms().map((room) => room.id)).toEqual(["chat", "hers"]);
    });

    it("ROOM_EXISTS", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() }, limits: { clientRooms: 1 } });
      await refused(
        await stage.connect(server),
        "dialogue:createRoom",
        { id: "chat", name: "Mine" },
        { code: "ROOM_EXISTS", message: /^Room 'chat' already exists$/, roomId: "chat" },
      );
    });

    it("rooms that clients create allow any event unless the option says otherwise", async () => {
      const server = await stage.serve({
        limits: { clientRooms: { max: 1, events: [{ name: "move" }], defaultSubscriptions: ["move"] } },
      });
      const client = await stage.connect(server);
      await client.ask("dialogue:createRoom", { id: "game", name: "Game" });
      await client.join("game");
      expect(await client.ask("dialogue:trigger", { roomId: "game", event: "cheat", data: 1 })).toMatchObject(
        { code: "EVENT_NOT_ALLOWED" },
      );
      client.tell("dialogue:trigger", { roomId: "game", event: "move", data: "e4" });
      expect(await client.next("dialogue:event")).toMatchObject({ event: "move", data: "e4" });
    });
  });
}
