import type { ConnectedClient } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const message = { name: "message" };

/** Connections as the program holds them. */
export function clients(serve: Serve): void {
  describe("clients", () => {
    const stage = useStage(serve);

    it("the same connection is always the same object, and keeps what is written into it", async () => {
      const seen: ConnectedClient[] = [];
      const server = await stage.serve({
        rooms: { chat: chatRoom() },
        hooks: {
          clients: {
            onConnected: (client) => void seen.push(client),
            onJoined: (client) => void seen.push(client),
          },
        },
      });
      const client = await stage.connect(server, { userId: "ada", auth: { colour: "red" } });
      await client.join("chat");
      const { dialogue } = server;
      const handle = dialogue.getClients("ada")[0]!;
      handle.meta["score"] = 3;
      expect(dialogue.getAllClients()[0]).toBe(handle);
      expect(dialogue.room("chat")!.participants()[0]).toBe(handle);
      expect(seen.every((one) => one === handle)).toBe(true);
      expect(dialogue.getClients("ada")[0]!.meta).toEqual({ colour: "red", score: 3 });
      expect(handle).toMatchObject({ id: client.socket.id, userId: "ada" });
      expect(handle.socket.id).toBe(handle.id);
      expect(handle.socket.connected).toBe(true);
      expect(handle.socket.handshake.auth).toMatchObject({ userId: "ada", colour: "red" });
    });

    it("are found by user, all of a user's connections", async () => {
      const server = await stage.serve({});
      const [first, second] = [
        await stage.connect(server, { userId: "ada" }),
        await stage.connect(server, { userId: "ada" }),
      ];
      await stage.connect(server, { userId: "bob" });
      const { dialogue } = server;
      expect(
        dialogue
          .getClients("ada")
          .map((client) => client.id)
          .sort(),
      ).toEqual([first.socket.id, second.socket.id].sort());
      expect(dialogue.getClients("nobody")).toEqual([]);
      expect(dialogue.getClients("__proto__")).toEqual([]);
      expect(dialogue.getAllClients().length).toBe(3);
    });

    it("a user's rooms are those of any of its connections", async () => {
      const server = await stage.serve({ rooms: { a: chatRoom(), b: chatRoom(), c: chatRoom() } });
      const { dialogue } = server;
      const [first, second] = [
        await stage.connect(server, { userId: "ada" }),
        await stage.connect(server, { userId: "ada" }),
      ];
      await first.join("a");
      await second.join("a");
      await second.join("b");
      const ofAda = dialogue.getClientRooms("ada");
      expect([...ofAda.ids].sort()).toEqual(["a", "b"]);
      expect([
        dialogue.isInRoom("ada", "b"),
        dialogue.isInRoom("ada", "c"),
        dialogue.isInRoom("bob", "a"),
      ]).toEqual([true, false, false]);
      const visited: string[] = [];
      ofAda.forAll((roomId) => void visited.push(roomId));
      expect(visited.sort()).toEqual(["a", "b"]);
      const stillIn: boolean[] = [];
      ofAda.leaveAll((roomId) => void stillIn.push(dialogue.isInRoom("ada", roomId)));
      expect(stillIn).toEqual([true, true]);
      expect(dialogue.getClientRooms("ada").ids).toEqual([]);
      expect(dialogue.rooms().map((room) => room.size())).toEqual([0, 0, 0]);
      await second.next("dialogue:left", ({ roomId }: { roomId: string }) => roomId === "a");
      await second.next("dialogue:left", ({ roomId }: { roomId: string }) => roomId === "b");
      expect(dialogue.getClientRooms("nobody").ids).toEqual([]);
    });

    it("join acts before it returns: a trigger on the next line reaches the client", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const client = await stage.connect(server, { userId: "ada" });
      const { dialogue } = server;
      const handle = dialogue.getClients("ada")[0]!;
      handle.join("chat");
      dialogue.trigger("chat", message, "reaches");
      handle.leave("chat");
      dialogue.trigger("chat", message, "misses");
      handle.join("chat");
      handle.unsubscribe("chat", "message");
      dialogue.trigger("chat", message, "misses too");
      handle.subscribeAll("chat");
      dialogue.trigger("chat", { name: "typing" }, "reaches again");
      expect([handle.rooms(), handle.subscriptions("chat"), dialogue.room("chat")!.size()]).toEqual([
        ["chat"],
        ["*"],
        1,
      ]);
      await client.caughtUp();
      const told = client.received
        .filter((r) => r.event !== "dialogue:connected")
        .map((r) => [r.event, r.args[0].data ?? r.args[0].roomId]);
      expect(told).toEqual([
        ["dialogue:joined", "chat"],
        ["dialogue:event", "reaches"],
        ["dialogue:left", "chat"],
        ["dialogue:joined", "chat"],
        ["dialogue:event", "reaches again"],
      ]);
    });

    it("subscriptions: defaults, by name, everything", async () => {
      const server = await stage.serve({
        rooms: {
          chat: chatRoom(),
          all: chatRoom({ defaultSubscriptions: ["*"] }),
          none: { name: "None", events: [message] },
        },
      });
      await stage.connect(server, { userId: "ada" });
      const handle = server.dialogue.getClients("ada")[0]!;
      for (const roomId of ["chat", "all", "none"]) handle.join(roomId);
      expect(["chat", "all", "none"].map((roomId) => handle.subscriptions(roomId))).toEqual([
        ["message"],
        ["*"],
        [],
      ]);
      handle.subscribe("none", "message");
      handle.subscribe("none", "message");
      expect(handle.subscriptions("none")).toEqual(["message"]);
      handle.unsubscribe("none", "message");
      expect(handle.subscriptions("none")).toEqual([]);
      expect(handle.rooms()).toEqual(["chat", "all", "none"]);
    });

    it("join above limits.joins is a warning that says so, and the client is told", async () => {
      const server = await stage.serve({
        rooms: { a: chatRoom(), b: chatRoom() },
        limits: { joins: 1 },
      });
      const client = await stage.connect(server, { userId: "ada" });
      const handle = server.dialogue.getClients("ada")[0]!;
      handle.join("a");
      handle.join("b");
      expect(server.log.at("warn").map(({ message }) => message)).toEqual([
        expect.stringMatching(/^client\.join: .*limits\.joins/),
      ]);
      expect(await client.next("dialogue:error")).toMatchObject({ code: "INVALID_REQUEST", roomId: "b" });
      expect(handle.rooms()).toEqual(["a"]);
    });

    it("a room that does not exist is a warning and no change; a full one also tells the client", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom({ maxSize: 1 }) } });
      const [first, second] = await stage.crowd(server, 2);
      await first!.join("chat");
      const handle = server.dialogue.getClients("user-1")[0]!;
      handle.join("nowhere");
      handle.leave("nowhere");
      handle.subscribe("nowhere", "message");
      expect(server.log.mentions("warn", "nowhere")).toBe(true);
      const warnings = server.log.at("warn").length;
      handle.join("chat");
      expect(server.log.at("warn").length).toBeGreaterThan(warnings);
      expect(handle.rooms()).toEqual([]);
      expect(await second!.next("dialogue:error")).toMatchObject({ code: "ROOM_FULL", roomId: "chat" });
    });

    it("send is a plain emit to this client; disconnect tells it to stay away", async () => {
      const server = await stage.serve({});
      const [first, second] = await stage.crowd(server, 2);
      const handle = server.dialogue.getClients("user-0")[0]!;
      handle.send("greeting", { words: ["hello"], bytes: Buffer.from([7]) });
      expect(await first!.next("greeting")).toEqual({ words: ["hello"], bytes: Buffer.from([7]) });
      await second!.caughtUp();
      expect(second!.all("greeting")).toEqual([]);
      handle.disconnect();
      expect(await first!.disconnected()).toBe("io server disconnect");
      expect(handle.socket.connected).toBe(false);
      handle.send("greeting", "nobody hears it");
      handle.join("chat");
    });

    it("room ids are a key space of their own: a room named like a socket gets nothing of that socket's", async () => {
      const server = await stage.serve({});
      const { dialogue } = server;
      const [ada, bob] = await stage.crowd(server, 2);
      for (const id of [ada!.socket.id!, "user-0", "/", "*", "__proto__", "constructor", "\u202ertl"]) {
        expect(dialogue.createRoom(id, chatRoom())?.id).toBe(id);
        await bob!.join(id);
        dialogue.trigger(id, message, id);
        expect((await bob!.next<any>("dialogue:event")).data).toBe(id);
      }
      dialogue.getClients("user-0")[0]!.send("private", 1);
      await ada!.next("private");
      await bob!.caughtUp();
      await ada!.caughtUp();
      expect(bob!.all("private")).toEqual([]);
      expect(ada!.all("dialogue:event")).toEqual([]);
      expect(({} as Record<string, unknown>)["name"]).toBeUndefined();
    });
  });
}
