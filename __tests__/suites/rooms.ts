import { describe, expect, it } from "vitest";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const message = { name: "message" };
const typing = { name: "typing" };

/** Rooms as the program holds them: making, changing, deleting, triggering. */
export function rooms(serve: Serve): void {
  describe("rooms", () => {
    const stage = useStage(serve);

    it("come from a record, a list, or nothing, in order, each always the same object", async () => {
      const fromRecord = await stage.serve({ rooms: { a: chatRoom({ name: "A" }), b: chatRoom() } });
      const fromList = await stage.serve({
        rooms: [
          { id: "b", ...chatRoom() },
          { id: "a", ...chatRoom() },
        ],
      });
      const none = await stage.serve({ rooms: {} });
      expect(fromRecord.dialogue.rooms().map((room) => room.id)).toEqual(["a", "b"]);
      expect(fromList.dialogue.rooms().map((room) => room.id)).toEqual(["b", "a"]);
      expect(none.dialogue.rooms()).toEqual([]);
      const { dialogue } = fromRecord;
      expect(dialogue.room("a")).toBe(dialogue.getRoom("a"));
      expect(dialogue.rooms()[0]).toBe(dialogue.room("a")!);
      expect(dialogue.room("c")).toBeNull();
      expect(dialogue.room("__proto__")).toBeNull();
      expect(dialogue.room("constructor")).toBeNull();
    });

    it("tell what they were made of", async () => {
      const events = [{ name: "message", history: { enabled: true, limit: 3 } }];
      const config = chatRoom({ description: "Talk", maxSize: 4, createdById: "ada", events });
      const { dialogue } = await stage.serve({
        rooms: { chat: config, plain: { name: "Plain", events: [] } },
      });
      const room = dialogue.room("chat")!;
      expect(room).toMatchObject({
        id: "chat",
        name: "Chat",
        description: "Talk",
        maxSize: 4,
        createdById: "ada",
        defaultSubscriptions: ["message"],
      });
      expect(room.events[0]).toBe(events[0]!);
      const plain = dialogue.room("plain")!;
      expect(plain.defaultSubscriptions).toEqual([]);
      expect([plain.description, plain.maxSize, plain.createdById]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      expect([plain.size(), plain.isFull(), plain.participants()]).toEqual([0, false, []]);
    });

    it("createRoom: announced to everyone unless unlisted, null when the id is taken", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const { dialogue } = server;
      const client = await stage.connect(server);
      const room = dialogue.createRoom("den", chatRoom({ name: "Den", maxSize: 2 }), "ada");
      expect(room).toBe(dialogue.room("den"));
      expect(room!.createdById).toBe("ada");
      expect(await client.next("dialogue:roomCreated")).toEqual({
        id: "den",
        name: "Den",
        size: 0,
        maxSize: 2,
        createdById: "ada",
      });
      expect(dialogue.createRoom({ id: "one-object", ...chatRoom() })!.id).toBe("one-object");
      expect(dialogue.createRoom("secret", chatRoom({ listed: false }))!.id).toBe("secret");
      expect(dialogue.createRoom("den", chatRoom({ name: "Another" }))).toBeNull();
      expect(dialogue.createRoom({ id: "chat", ...chatRoom() })).toBeNull();
      expect(dialogue.room("den")!.name).toBe("Den");
      await client.next("dialogue:roomCreated", ({ id }) => id === "one-object");
      dialogue.createRoom("last", chatRoom());
      await client.next("dialogue:roomCreated", ({ id }) => id === "last");
      expect(client.all<{ id: string }>("dialogue:roomCreated").map(({ id }) => id)).toEqual([
        "den",
        "one-object",
        "last",
      ]);
    });

    it("an id that is none makes no room and finds none: a warning, and nothing is thrown", async () => {
      const { dialogue, log } = await stage.serve({ rooms: { "\ufffd": chatRoom() } });
      for (const id of ["", "\ud800", "a\udc00b", "x".repeat(257)]) {
        log.entries.length = 0;
        expect(dialogue.createRoom(id, chatRoom())).toBeNull();
        expect(dialogue.createRoom({ id, ...chatRoom() })).toBeNull();
        expect(log.at("warn").map(({ atFunction }) => atFunction)).toEqual(["createRoom", "createRoom"]);
        expect(dialogue.room(id)).toBeNull();
        expect(dialogue.updateRoom(id, { name: "Another" })).toBeNull();
        expect(dialogue.deleteRoom(id)).toBe(false);
        expect(dialogue.trigger(id, { name: "message" }, 1).isErr).toBe(true);
        dialogue.on(id, { name: "message" }, () => {})();
      }
      expect(dialogue.rooms().map(({ id, name }) => [id, name])).toEqual([["\ufffd", "Chat"]]);
    });

    it("updateRoom: everyone is told; members above the new bound stay, later ones are refused", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const [ada, bob, cyd] = await stage.crowd(server, 3);
      await ada!.join("chat");
      await bob!.join("chat");
      const { dialogue } = server;
      const room = dialogue.updateRoom("chat", {
        name: "Hall",
        description: "Big",
        maxSize: 1,
        events: [{ name: "typing" }],
        defaultSubscriptions: ["typing"],
      });
      expect(room).toBe(dialogue.room("chat"));
      expect(room).toMatchObject({
        name: "Hall",
        description: "Big",
        maxSize: 1,
        defaultSubscriptions: ["typing"],
      });
      expect([room!.size(), room!.isFull()]).toEqual([2, true]);
      expect(await cyd!.next("dialogue:roomUpdated")).toEqual({
        id: "chat",
        name: "Hall",
        description: "Big",
        size: 2,
        maxSize: 1,
      });
      expect(await cyd!.ask("dialogue:join", { roomId: "chat" })).toMatchObject({ code: "ROOM_FULL" });
      expect(await ada!.ask("dialogue:trigger", { roomId: "chat", event: "message", data: 1 })).toMatchObject(
        { code: "EVENT_NOT_ALLOWED" },
      );
      const [first, second] = room!.participants();
      expect(first!.subscriptions("chat")).toEqual(["message"]);
      await bob!.ask("dialogue:leave", { roomId: "chat" });
      dialogue.updateRoom("chat", { maxSize: 2 });
      await bob!.join("chat");
      expect(second!.subscriptions("chat")).toEqual(["typing"]);
      expect(dialogue.updateRoom("nowhere", { name: "x" })).toBeNull();
    });

    it("updateRoom of an unlisted room tells its members, and nobody else", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom({ listed: false }), other: chatRoom() } });
      const [member, outsider] = await stage.crowd(server, 2);
      await member!.join("chat");
      server.dialogue.updateRoom("chat", { name: "Hidden" });
      server.dialogue.updateRoom("other", { name: "Shown" });
      expect(await member!.next("dialogue:roomUpdated")).toMatchObject({ id: "chat", name: "Hidden" });
      expect(await outsider!.next("dialogue:roomUpdated")).toMatchObject({ id: "other", name: "Shown" });
    });

    it("updateRoom can hide a room", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom(), other: chatRoom() } });
      const client = await stage.connect(server);
      server.dialogue.updateRoom("chat", { listed: false });
      expect(
        (await client.ask("dialogue:listRooms"))["rooms"].map((room: { id: string }) => room.id),
      ).toEqual(["other"]);
    });

    it("deleteRoom: members are out, everyone is told once, the old handle acts on nothing", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const { dialogue } = server;
      const clients = await stage.crowd(server, 3);
      await clients[0]!.join("chat");
      const old = dialogue.room("chat")!;
      expect(dialogue.deleteRoom("chat")).toBe(true);
      expect(dialogue.deleteRoom("chat")).toBe(false);
      expect(dialogue.room("chat")).toBeNull();
      expect(dialogue.isInRoom("user-0", "chat")).toBe(false);
      for (const client of clients) {
        expect(await client.next("dialogue:roomDeleted")).toEqual({ roomId: "chat" });
        await client.caughtUp();
        expect(client.all("dialogue:roomDeleted").length).toBe(1);
      }
      dialogue.createRoom("chat", chatRoom());
      await clients[0]!.join("chat");
      expect(old.trigger(message, "to the new room?").isErr).toBe(true);
      expect([old.size(), old.participants()]).toEqual([0, []]);
      expect(dialogue.room("chat")).not.toBe(old);
      await clients[0]!.caughtUp();
      expect(clients[0]!.all("dialogue:event")).toEqual([]);
    });

    it("trigger: allowed, or Err with the reason", async () => {
      const { dialogue } = await stage.serve({
        rooms: {
          chat: chatRoom(),
          silent: chatRoom({ events: [] }),
          any: chatRoom({ events: [{ name: "*" }] }),
        },
      });
      expect(dialogue.trigger("chat", message, 1)).toMatchObject({ type: "Ok", isOk: true, isErr: false });
      expect(dialogue.trigger("chat", { name: "shout" }, 1)).toMatchObject({
        type: "Err",
        isOk: false,
        isErr: true,
        error: "Event 'shout' is not allowed in room 'chat'",
      });
      expect(dialogue.trigger("nowhere", message, 1)).toMatchObject({
        isErr: true,
        error: "Room 'nowhere' does not exist",
      });
      expect(dialogue.trigger("silent", { name: "anything" }, 1).isOk).toBe(true);
      expect(dialogue.trigger("any", { name: "anything" }, 1).isOk).toBe(true);
    });

    it("trigger: what cannot be sent is an Err, not an exception, and takes no offset", async () => {
      const { dialogue } = await stage.serve({ rooms: { chat: chatRoom() } });
      const circular: Record<string, unknown> = {};
      circular["self"] = circular;
      expect(dialogue.trigger("chat", message, circular).isErr).toBe(true);
      expect(dialogue.trigger("chat", message, 1n).isErr).toBe(true);
      expect(dialogue.trigger("chat", message, "fine").isOk).toBe(true);
      expect((await dialogue.room("chat")!.history("message", 0, 9)).map((event) => event.offset)).toEqual([
        1,
      ]);
    });

    it("trigger: from is the system's unless named, meta travels beside, JSON is what clients see", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const client = await stage.connect(server);
      await client.join("chat");
      const room = server.dialogue.room("chat")!;
      const when = new Date(0);
      room.trigger(message, { when, gone: undefined });
      room.trigger(message, Buffer.from([1, 2]), "ada", { tag: "t" });
      expect(await client.next("dialogue:event")).toMatchObject({
        from: "system",
        data: { when: "1970-01-01T00:00:00.000Z" },
      });
      expect(await client.next("dialogue:event")).toMatchObject({
        from: "ada",
        meta: { tag: "t" },
        data: Buffer.from([1, 2]),
      });
      const [second, first] = await room.history("message", 0, 2);
      expect(first!.data).toEqual({ when: "1970-01-01T00:00:00.000Z" });
      expect(second).toMatchObject({
        from: "ada",
        meta: { tag: "t" },
        roomId: "chat",
        event: "message",
        offset: 2,
      });
    });

    it("definitions of config.events may be named by name alone", async () => {
      const { dialogue } = await stage.serve({
        events: [{ name: "message", history: { enabled: true, limit: 2 } }],
        rooms: { chat: { name: "Chat", events: [message, typing] } },
      });
      for (const n of [1, 2, 3]) dialogue.trigger("chat", message, n);
      expect((await dialogue.room("chat")!.history("message", 0, 9)).map((event) => event.data)).toEqual([
        3, 2,
      ]);
    });
  });
}
