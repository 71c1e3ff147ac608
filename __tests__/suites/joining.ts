import type { EventMessage } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const message = { name: "message" };
const two = [
  { name: "message", history: { enabled: true, limit: 100 } },
  { name: "note", history: { enabled: true, limit: 100 } },
  { name: "typing" },
];

/** What a client learns on its way in: who it is, where the room stands, and what was said before. */
export function joining(serve: Serve): void {
  describe("connecting and joining", () => {
    const stage = useStage(serve);

    it("dialogue:connected is the first packet, with protocol 1 and without exp", async () => {
      const server = await stage.serve({
        hooks: { clients: { onConnected: (client) => client.send("early", 1) } },
      });
      const raw = await stage.raw(server);
      const { socketId, sessionId } = await raw.connectNamespace({ userId: "ada" });
      expect(sessionId).not.toBe(socketId);
      const first = JSON.parse(String(await raw.next()).slice(2)) as unknown[];
      expect(first).toEqual(["dialogue:connected", { clientId: socketId, userId: "ada", protocol: 1 }]);
      expect(await raw.next()).toBe('42["early",1]');
    });

    it("without a user id the socket id is the user id; the rest of auth is meta", async () => {
      const server = await stage.serve({});
      for (const auth of [{}, { userId: "" }, { userId: 7 }, { userId: null }, { userId: ["ada"] }]) {
        const client = await stage.connect(server, { auth: { ...auth, token: "t", colour: "red" } });
        const { clientId, userId } = client.all<any>("dialogue:connected")[0];
        expect(clientId).toBe(client.socket.id);
        expect(userId).toBe(client.socket.id);
        expect(server.dialogue.getClients(userId)[0]!.meta).toMatchObject({ token: "t", colour: "red" });
        client.close();
      }
      expect(JSON.stringify(server.log.entries)).not.toContain('"t"');
    });

    it("refuses a user id that is the system's or too long", async () => {
      const server = await stage.serve({});
      for (const userId of ["system", "x".repeat(257)]) {
        const error = await stage.client(server, { userId }).refusal();
        expect(error.data).toEqual({ code: "INVALID_REQUEST" });
      }
      expect(server.dialogue.getAllClients()).toEqual([]);
    });

    it("offset counts the events of a room, whatever their kind; joined carries the newest and the epoch", async () => {
      const server = await stage.serve({
        rooms: { chat: chatRoom({ events: two, defaultSubscriptions: ["*"] }), other: chatRoom() },
      });
      const client = await stage.connect(server);
      const { epoch } = await client.join("chat");
      for (const event of ["message", "typing", "note", "typing"])
        await client.ask("dialogue:trigger", { roomId: "chat", event, data: 1 });
      server.dialogue.trigger("other", message, 1);
      server.dialogue.trigger("chat", message, 1);
      await client.count("dialogue:event", 5);
      expect(client.all<EventMessage>("dialogue:event").map((event) => event.offset)).toEqual([
        1, 2, 3, 4, 5,
      ]);
      const later = await stage.connect(server);
      expect(await later.join("chat")).toMatchObject({ epoch, offset: 5 });
      expect((await later.join("other"))["epoch"]).not.toBe(epoch);
      const page = await later.ask("dialogue:getHistory", { roomId: "chat" });
      expect(page["events"].map((event: EventMessage) => event.offset)).toEqual([5, 3, 1]);
    });

    it("a room made again under the same id has another epoch and counts from 1", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const client = await stage.connect(server);
      const before = await client.join("chat");
      server.dialogue.trigger("chat", message, 1);
      server.dialogue.deleteRoom("chat");
      server.dialogue.createRoom("chat", chatRoom());
      const after = await client.join("chat");
      expect(after["offset"]).toBe(0);
      expect(after["epoch"]).not.toBe(before["epoch"]);
      server.dialogue.trigger("chat", message, 2);
      expect(await client.next("dialogue:event", (event: EventMessage) => event.data === 2)).toMatchObject({
        offset: 1,
      });
    });

    it("a member that joins again is answered again, and nothing else happens", async () => {
      let joins = 0;
      const server = await stage.serve({
        rooms: { chat: chatRoom({ maxSize: 1 }) },
        hooks: { clients: { onJoined: () => void joins++ } },
      });
      const client = await stage.connect(server);
      await client.join("chat");
      await client.ask("dialogue:subscribe", { roomId: "chat", eventName: "typing" });
      await client.ask("dialogue:unsubscribe", { roomId: "chat", eventName: "message" });
      expect(await client.join("chat")).toMatchObject({ roomId: "chat", roomName: "Chat", offset: 0 });
      client.tell("dialogue:join", { roomId: "chat" });
      await client.next("dialogue:joined");
      expect(server.dialogue.room("chat")!.size()).toBe(1);
      expect(server.dialogue.getAllClients()[0]!.subscriptions("chat")).toEqual(["typing"]);
      expect(joins).toBe(1);
    });

    it("syncHistoryOnJoin: true sends what is in memory, newest first, after the answer", async () => {
      const server = await stage.serve({
        rooms: { chat: chatRoom({ events: two, syncHistoryOnJoin: true }) },
      });
      for (let n = 1; n <= 6; n++) server.dialogue.trigger("chat", { name: n % 2 ? "message" : "note" }, n);
      const client = await stage.connect(server);
      client.tell("dialogue:join", { roomId: "chat" });
      const history = await client.next<any>("dialogue:history");
      expect(history.roomId).toBe("chat");
      expect(history.events.map((event: EventMessage) => event.data)).toEqual([6, 5, 4, 3, 2, 1]);
      const order = client.received.map((r) => r.event).filter((name) => name !== "dialogue:connected");
      expect(order).toEqual(["dialogue:joined", "dialogue:history"]);
      const asking = await stage.connect(server);
      await asking.join("chat");
      expect(await asking.next("dialogue:history")).toEqual(history);
    });

    it("syncHistoryOnJoin: a number is the newest so many of each kind", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom({ events: two, syncHistoryOnJoin: 2 }) } });
      for (const n of [1, 2, 3]) server.dialogue.trigger("chat", message, n);
      server.dialogue.trigger("chat", { name: "note" }, 4);
      const client = await stage.connect(server);
      await client.join("chat");
      const { events } = await client.next<any>("dialogue:history");
      expect(events.map((event: EventMessage) => event.data)).toEqual([4, 3, 2]);
    });

    it("syncs no more than limits.historyPage", async () => {
      const server = await stage.serve({
        rooms: { chat: chatRoom({ syncHistoryOnJoin: true }) },
        limits: { historyPage: 3 },
      });
      for (const n of [1, 2, 3, 4, 5]) server.dialogue.trigger("chat", message, n);
      const client = await stage.connect(server);
      await client.join("chat");
      expect(
        (await client.next<any>("dialogue:history")).events.map((event: EventMessage) => event.data),
      ).toEqual([5, 4, 3]);
    });

    it("sends no history when there is none, or the room does not sync", async () => {
      const server = await stage.serve({
        rooms: { chat: chatRoom({ syncHistoryOnJoin: true }), other: chatRoom() },
      });
      server.dialogue.trigger("chat", { name: "typing" }, 1);
      server.dialogue.trigger("other", message, 1);
      const client = await stage.connect(server);
      await client.join("chat");
      await client.join("other");
      await client.caughtUp();
      expect(client.all("dialogue:history")).toEqual([]);
    });

    it("history comes once in a membership: to one whom the server put there, with its own join", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom({ syncHistoryOnJoin: true }) } });
      server.dialogue.trigger("chat", message, 1);
      const client = await stage.connect(server);
      const handle = server.dialogue.getAllClients()[0]!;
      const histories = async () => {
        await client.caughtUp();
        return client.all("dialogue:history").length;
      };
      handle.join("chat");
      expect(await client.next("dialogue:joined")).toMatchObject({ roomId: "chat", offset: 1 });
      expect(await histories()).toBe(0);
      await client.join("chat");
      expect(await histories()).toBe(1);
      await client.join("chat");
      expect(await histories()).toBe(1);
      await client.ask("dialogue:leave", { roomId: "chat" });
      handle.join("chat", { history: true });
      expect(await histories()).toBe(2);
      await client.join("chat");
      expect(await histories()).toBe(2);
    });
  });
}
