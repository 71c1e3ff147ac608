import { createDialogueClient, defineEvent } from "dialogue-rs/client";
import { describe, expect, it } from "vitest";
import { useBackends } from "../support/client-backend.js";
import { errorsOf, payloads, refusal, Told, useClients } from "../support/client-stage.js";
import { eventually } from "../support/deadline.js";

const HISTORY = { enabled: true, limit: 100 };
const chat = (changes: object = {}) => ({
  name: "Chat",
  events: [
    { name: "message", history: HISTORY },
    { name: "note", history: HISTORY },
  ],
  defaultSubscriptions: ["message"],
  ...changes,
});
const Message = defineEvent<unknown>("message");

/** Requests and their answers, handlers, rooms: while a connection holds. */
export function clientRequests(control: () => string): void {
  describe("the client's requests", () => {
    const backends = useBackends(control);
    const clients = useClients();

    it("each gets its own answer, however many of a kind are under way", async () => {
      const server = await backends.serve({
        rooms: { chat: chat(), other: chat() },
        denied: { staff: "Staff only" },
        limits: { clientRooms: 10 },
      });
      const ada = await clients.connect(server);
      const errors = errorsOf(ada);
      const room = await ada.join("chat");
      await server.run(["trigger", "chat", "message", 1, 2, 3, 4], ["trigger", "chat", "note", "n"]);
      const settled = await Promise.allSettled([
        ada.join("nowhere"),
        ada.join("other"),
        ada.join("nobody"),
        room.getHistory("message", 0, 2),
        room.getHistory("message", 2, 4),
        room.getHistory("note"),
        ada.createRoom({ id: "mine", name: "Mine", maxSize: 3 }),
        ada.createRoom({ id: "chat", name: "Taken" }),
        ada.deleteRoom("chat"),
        ada.listRooms(),
        ada.listRooms(),
        room.trigger("nonsense", 1),
        room.trigger(Message, "fine"),
      ]);
      const said = settled.map((outcome) =>
        outcome.status === "rejected" ? outcome.reason.code : outcome.value,
      ) as any[];
      const data = (events: { data: unknown }[]) => events.map((event) => event.data);
      expect([said[0], said[2], said[7], said[8]]).toEqual([
        "ROOM_NOT_FOUND",
        "ROOM_NOT_FOUND",
        "ROOM_EXISTS",
        "PERMISSION_DENIED",
      ]);
      expect([said[1].roomId, data(said[3]), data(said[4]), data(said[5])]).toEqual([
        "other",
        [4, 3],
        [2, 1],
        ["n"],
      ]);
      expect(said[6]).toEqual({ id: "mine", name: "Mine", size: 0, maxSize: 3, createdById: "ada" });
      expect(said[9].map(({ id }: { id: string }) => id).sort()).toEqual(["chat", "mine", "other"]);
      expect(said[10]).toEqual(said[9]);
      expect(said[11]).toMatchObject({
        isErr: true,
        error: { code: "EVENT_NOT_ALLOWED", roomId: "chat", event: "nonsense" },
      });
      expect(said[12].isOk).toBe(true);
      expect(errors.all).toEqual([]);
    });

    it("trigger never rejects: a name that is none, data that cannot be sent, a room that was left", async () => {
      const server = await backends.serve({ rooms: { chat: chat() } });
      const ada = await clients.connect(server);
      const room = await ada.join("chat");
      const circle: Record<string, unknown> = {};
      circle["self"] = circle;
      for (const [event, data, expected] of [
        ["", 1, "event"],
        [7, 1, "event"],
        ["message", circle, "data"],
        ["message", 1n, "data"],
      ] as const) {
        const result = await room.trigger(event as string, data);
        expect(result).toMatchObject({ isErr: true, error: { code: "INVALID_REQUEST" } });
        expect(result.isErr && result.error.message).toContain(expected);
      }
      expect((await room.trigger("message", 1)).isOk).toBe(true);
      room.leave();
      room.leave();
      expect(await room.trigger("message", 1)).toMatchObject({ error: { code: "NOT_IN_ROOM" } });
      expect(await refusal(room.getHistory("message"))).toMatchObject({ code: "NOT_IN_ROOM" });
    });

    it("binary values cross, and come back from history", async () => {
      const server = await backends.serve({ rooms: { chat: chat() } });
      const room = await (await clients.connect(server)).join("chat");
      const heard = payloads<any>(room);
      await room.trigger("message", { bytes: new Uint8Array([1, 2, 255]) });
      const [live] = await heard.count(1);
      const [kept] = await room.getHistory<any>("message");
      for (const { bytes } of [live, kept!.data]) expect([...new Uint8Array(bytes)]).toEqual([1, 2, 255]);
    });

    it("a request that is not answered ends with TIMEOUT, a lost connection ends it with DISCONNECTED", async () => {
      const server = await backends.serveWirePage({ mute: true, protocol: 1 });
      const ada = await clients.connect(server, "ada", { timeout: 2_000 });
      expect(await refusal(ada.join("chat"))).toMatchObject({ code: "TIMEOUT", roomId: "chat" });
      const lists = [refusal(ada.listRooms()), refusal(ada.listRooms())];
      for (const list of lists) expect((await list).code).toBe("TIMEOUT");
      const bob = await clients.connect(server, "bob");
      const asked = refusal(bob.listRooms());
      await server.run(["cut"]);
      expect((await asked).code).toBe("DISCONNECTED");
    });

    it("requests without a connection: at once DISCONNECTED, or as soon as there is one", async () => {
      const server = await backends.serve({ rooms: { chat: chat() } });
      const ada = clients.client(server);
      expect(await refusal(ada.join("chat"))).toMatchObject({ code: "DISCONNECTED", retryable: true });
      const connecting = ada.connect();
      const [room, rooms] = await Promise.all([ada.join("chat"), ada.listRooms()]);
      await connecting;
      expect([room.roomId, rooms.length]).toEqual(["chat", 1]);
      ada.disconnect();
      expect(await refusal(ada.listRooms())).toMatchObject({ code: "DISCONNECTED" });
      expect(await room.trigger("message", 1)).toMatchObject({ error: { code: "DISCONNECTED" } });
    });

    it("handlers registered before the first connect work, and one that throws stops no other", async () => {
      const server = await backends.serve({ rooms: { chat: chat() }, limits: { clientRooms: 1 } });
      const told = new Told<string>();
      const reported: unknown[] = [];
      const { error } = console;
      console.error = (...all: unknown[]) => void reported.push(all.at(-1));
      try {
        const ada = clients.client(server, { auth: { userId: "ada" } });
        const broken = () => {
          throw new Error("broken");
        };
        ada.onConnect(broken);
        ada.onConnect(async () => broken());
        ada.onConnect(() => told.add(`connect ${ada.userId}`));
        ada.onRoomCreated(broken);
        ada.onRoomCreated(({ id }) => told.add(`created ${id}`));
        const ended = ada.onRoomDeleted((id) => told.add(`never ${id}`));
        ada.onRoomDeleted((id) => told.add(`deleted ${id}`));
        ended();
        ada.onDisconnect((reason) => told.add(reason));
        await ada.connect();
        const room = await ada.join("chat");
        room.on("message", broken);
        const once = room.on("message", () => {
          told.add("once");
          once();
        });
        room.on("*", ({ data }) => told.add(`any ${data}`));
        room.on(Message, ({ data }) => told.add(`typed ${data}`));
        await room.trigger("message", 1);
        await room.trigger("message", 2);
        await told.until((all) => all.includes("any 2"), "both messages");
        await ada.createRoom({ id: "mine", name: "Mine" });
        await ada.deleteRoom("mine");
        await told.until((all) => all.includes("deleted mine"), "the room to be deleted");
        ada.disconnect();
        expect(told.all).toEqual([
          "connect ada",
          "once",
          "typed 1",
          "any 1",
          "typed 2",
          "any 2",
          "created mine",
          "deleted mine",
          "io client disconnect",
        ]);
        expect(reported.map(String)).toEqual(Array(5).fill("Error: broken"));
      } finally {
        console.error = error;
      }
    });

    it("a refused subscription is reported, and belongs to its room", async () => {
      const server = await backends.serve({ rooms: { chat: chat() }, limits: { subscriptions: 1 } });
      const ada = await clients.connect(server);
      const errors = errorsOf(ada);
      (await ada.join("chat")).subscribe("note");
      expect((await errors.count(1))[0]).toMatchObject({
        code: "INVALID_REQUEST",
        roomId: "chat",
        event: "note",
      });
    });

    it("subscribeAll, subscribe and unsubscribe do what they say", async () => {
      const server = await backends.serve({ rooms: { chat: chat({ defaultSubscriptions: [] }) } });
      const ada = await clients.connect(server);
      const room = await ada.join("chat");
      const heard = new Told<string>();
      room.onAny((name) => heard.add(name));
      const said = async () => {
        await ada.listRooms();
        await server.run(["trigger", "chat", "message", 1], ["trigger", "chat", "note", 1]);
        await ada.listRooms();
        return heard.all.splice(0);
      };
      expect(await said()).toEqual([]);
      room.subscribe("note");
      expect(await said()).toEqual(["note"]);
      room.subscribeAll();
      expect(await said()).toEqual(["message", "note"]);
      room.unsubscribe("*");
      expect(await said()).toEqual(["note"]);
      room.unsubscribe("note");
      expect(await said()).toEqual([]);
    });

    it("a room into which the server puts it, and what the server sends of it", async () => {
      const server = await backends.serve({ rooms: { chat: chat({ maxSize: 1 }), other: chat() } });
      const ada = await clients.connect(server);
      const bob = await clients.connect(server, "bob");
      const errors = errorsOf(bob);
      await server.run(["put", "ada", "chat"], ["put", "bob", "chat"]);
      await ada.listRooms();
      const room = ada.getRoom("chat")!;
      expect([room.roomId, room.roomName]).toEqual(["chat", "Chat"]);
      expect((await room.trigger("message", 1)).isOk).toBe(true);
      expect(await ada.join("chat")).toBe(room);
      expect((await errors.count(1))[0]).toMatchObject({ code: "ROOM_FULL", roomId: "chat" });
      await server.run(["updateRoom", "chat", { name: "Renamed" }]);
      await ada.listRooms();
      expect(room.roomName).toBe("Renamed");
    });

    it("history that comes after the room was left is not the next membership's", async () => {
      const server = await backends.serve({ rooms: { chat: chat({ syncHistoryOnJoin: true }) } });
      await server.run(["trigger", "chat", "message", 1]);
      const ada = await clients.connect(server);
      for (let round = 0; round < 5; round++) {
        const histories = new Told<number>();
        const off = ada.onHistory((_, events) => histories.add(events.length));
        (await ada.join("chat")).leave();
        const room = await ada.join("chat");
        await histories.count(1);
        await ada.listRooms();
        await room.getHistory("message");
        off();
        room.leave();
        await ada.listRooms();
        expect(histories.all.length).toBe(1);
      }
    });

    it("leaves rooms for good, also where the server was too busy for it at first", async () => {
      const ids = Array.from({ length: 12 }, (_, n) => `room-${n}`);
      const server = await backends.serve({
        rooms: Object.fromEntries(ids.map((id) => [id, chat()])),
        limits: { rate: 50, burst: 12 },
      });
      const ada = await clients.connect(server);
      for (const id of ids) await ada.join(id);
      for (const id of ids) ada.getRoom(id)!.leave();
      const members = async () => {
        const all = await server.run(...ids.map((id) => ["subscriptions", "ada", id]));
        return all.filter((names) => names.length > 0).length;
      };
      await eventually(async () => (await members()) === 0, "every room is left", 10_000);
    }, 20_000);

    it("a refused createRoom names its room", async () => {
      const server = await backends.serve({ rooms: { chat: chat() }, limits: { clientRooms: 1 } });
      const ada = await clients.connect(server);
      const refused = await refusal(ada.createRoom({ id: "chat", name: "Taken" }));
      expect(refused).toMatchObject({ code: "ROOM_EXISTS", roomId: "chat" });
    });

    it("speaks to a server that takes WebSockets only, or requests only", async () => {
      for (const transports of [["websocket"], ["polling"]]) {
        const server = await backends.serve({ rooms: { chat: chat() }, socket: { transports } });
        const ada = await clients.connect(server);
        expect((await ada.listRooms()).length).toBe(1);
      }
    });

    it("what is wrong with the configuration is named", () => {
      for (const [config, field] of [
        [{}, "url"],
        [{ url: "" }, "url"],
        [{ url: "ftp://host" }, "url"],
        [{ url: "localhost:3000" }, "url"],
        [{ url: "http://[" }, "url"],
        [{ url: "ws://host", auth: "ada" }, "auth"],
        [{ url: "ws://host", autoConnect: 1 }, "autoConnect"],
        [{ url: "ws://host", reconnection: "yes" }, "reconnection"],
        [{ url: "ws://host", reconnectionAttempts: -1 }, "reconnectionAttempts"],
        [{ url: "ws://host", reconnectionAttempts: 1.5 }, "reconnectionAttempts"],
        [{ url: "ws://host", timeout: 0 }, "timeout"],
        [{ url: "ws://host", timeout: 2 ** 31 }, "timeout"],
        [{ url: "ws://host", retries: 1 }, "retries"],
        [undefined, "config"],
      ] as const) {
        let error: unknown;
        try {
          createDialogueClient(config as never);
        } catch (thrown) {
          error = thrown;
        }
        expect(error).toMatchObject({ name: "DialogueError", code: "INVALID_CONFIG" });
        expect((error as Error).message).toContain(field);
      }
    });

    it("speaks to ws:// and http://, at the path that the url names", async () => {
      const server = await backends.serve({ rooms: { chat: chat() }, socket: { path: "live" } });
      for (const url of [`${server.url}/live`, `${server.url.replace("http", "ws")}/live/`]) {
        const ada = clients.client({ url });
        await ada.connect();
        expect((await ada.listRooms()).length).toBe(1);
      }
    });
  });
}
