import { describe, expect, it } from "vitest";
import { useBackends } from "../support/client-backend.js";
import { errorsOf, payloads, refusal, Told, useClients } from "../support/client-stage.js";

const rooms = { chat: { name: "Chat" }, full: { name: "Full", maxSize: 1 } };

/** A server of dialogue-ts: no acknowledgements, no positions. */
export function clientFallback(control: () => string): void {
  describe("the client against a server that acknowledges nothing", () => {
    const backends = useBackends(control);
    const clients = useClients();

    it("connects, joins, speaks, hears, reads history and leaves", async () => {
      const server = await backends.serveWirePage({ rooms });
      const [ada, bob] = [await clients.connect(server), await clients.connect(server, "bob")];
      expect(ada.userId).toBe("ada");
      const [ofAda, ofBob] = await Promise.all([ada.join("chat"), bob.join("chat")]);
      const heard = payloads(ofBob);
      expect(await ofAda.trigger("message", 1, { tone: "warm" })).toMatchObject({ isOk: true });
      expect(await heard.count(1)).toEqual([1]);
      expect((await ofBob.getHistory("message"))[0]).toMatchObject({ from: "ada", meta: { tone: "warm" } });
      const created = new Told<string>();
      bob.onRoomCreated(({ id }) => created.add(id));
      ada.onRoomCreated(({ id }) => created.add(`ada ${id}`));
      expect(await ada.createRoom({ id: "mine", name: "Mine" })).toMatchObject({ id: "mine", size: 0 });
      await created.count(2);
      expect((await ada.listRooms()).map(({ id }) => id)).toEqual(["chat", "full", "mine"]);
      const closed = new Told<string>();
      (await bob.join("mine")).onClosed(({ code }) => closed.add(code));
      await ada.deleteRoom("mine");
      expect(await closed.count(1)).toEqual(["ROOM_NOT_FOUND"]);
      ofBob.leave();
      await bob.listRooms();
      expect((await ada.listRooms())[0]).toMatchObject({ id: "chat", size: 1 });
    });

    it("an error is the request's that caused it, never a bystander's", async () => {
      const server = await backends.serveWirePage({ rooms });
      const [ada, bob] = [await clients.connect(server), await clients.connect(server, "bob")];
      const errors = errorsOf(ada);
      await bob.join("full");
      const room = await ada.join("chat");
      const outcomes = await Promise.allSettled([
        ada.join("full"),
        room.trigger("nonsense", 1),
        ada.join("chat"),
        room.trigger("message", 2),
        ada.join("nowhere"),
        ada.createRoom({ id: "chat", name: "Taken" }),
        ada.deleteRoom("chat"),
        room.trigger("nonsense", 3),
        room.getHistory("message"),
      ]);
      const said = outcomes.map((outcome): any => {
        if (outcome.status === "rejected") return outcome.reason.code;
        const { value } = outcome as { value: any };
        return value.isErr ? value.error.code : value.isOk ? "Ok" : (value.roomId ?? value.length);
      });
      expect(said).toEqual([
        "ROOM_FULL",
        "EVENT_NOT_ALLOWED",
        "chat",
        "Ok",
        "ROOM_NOT_FOUND",
        "ROOM_EXISTS",
        "PERMISSION_DENIED",
        "EVENT_NOT_ALLOWED",
        1,
      ]);
      expect(errors.all).toEqual([]);
    });

    it("pages that are under way at once are told apart", async () => {
      const server = await backends.serveWirePage({ rooms: { chat: { name: "Chat", events: ["a", "b"] } } });
      const room = await (await clients.connect(server)).join("chat");
      await server.run(["trigger", "chat", "a", 1, 2, 3], ["trigger", "chat", "b", 4]);
      const pages = await Promise.all([
        room.getHistory("a", 0, 1),
        room.getHistory("b"),
        room.getHistory("a", 1, 3),
        room.getHistory("a", 0, 1),
      ]);
      expect(pages.map((page) => page.map(({ data }) => data))).toEqual([[3], [4], [2, 1], [3]]);
    });

    it("history that comes before the answer to the join is held for onHistory", async () => {
      const server = await backends.serveWirePage({ rooms, historyFirst: true });
      await server.run(["trigger", "chat", "message", 1, 2]);
      const ada = await clients.connect(server);
      const histories = new Told<unknown>();
      ada.onHistory((roomId, events) => {
        histories.add([ada.getRoom(roomId)?.roomName, events.map(({ data }) => data)]);
      });
      await ada.join("chat");
      expect(await histories.count(1)).toEqual([["Chat", [2, 1]]]);
    });

    it("comes back with its subscriptions; what was missed comes as history", async () => {
      const server = await backends.serveWirePage({
        rooms: { chat: { name: "Chat", events: ["message", "note"] } },
      });
      const ada = await clients.connect(server);
      const room = await ada.join("chat");
      room.subscribe("note");
      const heard = new Told<unknown>();
      room.onAny((name, { data }) => heard.add([name, data]));
      const histories = new Told<unknown>();
      ada.onHistory((_, events) => histories.add(events.map(({ data }) => data)));
      await ada.listRooms();
      await server.run(["cut"], ["trigger", "chat", "message", "missed"]);
      expect(await histories.count(1)).toEqual([["missed"]]);
      expect((await room.trigger("note", "live")).isOk).toBe(true);
      expect(await heard.count(1)).toEqual([["note", "live"]]);
    });

    it("what is not answered ends in its time, a lost connection ends it at once", async () => {
      const server = await backends.serveWirePage({ rooms, mute: true });
      const ada = await clients.connect(server, "ada", { timeout: 2_000 });
      for (const asked of [ada.join("chat"), ada.listRooms(), ada.createRoom({ id: "mine", name: "Mine" })])
        expect((await refusal(asked)).code).toBe("TIMEOUT");
      const bob = await clients.connect(server, "bob");
      const asked = [bob.join("chat"), bob.listRooms()].map((request) => refusal(request));
      await server.run(["cut"]);
      for (const error of await Promise.all(asked)) expect(error.code).toBe("DISCONNECTED");
    });

    it("a join that is answered too late leaves no room behind", async () => {
      const server = await backends.serveWirePage({ rooms });
      const ada = await clients.connect(server, "ada", { timeout: 3_000 });
      await server.run(["hold"]);
      expect(await refusal(ada.join("chat"))).toMatchObject({ code: "TIMEOUT", roomId: "chat" });
      await server.run(["goOn"]);
      expect((await ada.listRooms())[0]).toMatchObject({ id: "chat", size: 0 });
      expect(ada.getRoom("chat")).toBeUndefined();
    });

    it("one of two joins that is answered too late does not take the other out of the room", async () => {
      const server = await backends.serveWirePage({ rooms });
      const ada = await clients.connect(server, "ada", { timeout: 4_000 });
      await server.run(["hold"]);
      const late = refusal(ada.join("chat"));
      // Half of its time goes by.
      await refusal((await clients.connect(server, "bob", { timeout: 2_000 })).listRooms());
      const joining = ada.join("chat");
      expect(await late).toMatchObject({ code: "TIMEOUT" });
      await server.run(["goOn"]);
      const room = await joining;
      expect(await room.trigger("message", 1)).toMatchObject({ isOk: true });
      expect(ada.getRoom("chat")).toBe(room);
    });

    it("reads fifty events from wherever it starts", async () => {
      const server = await backends.serveWirePage({ rooms });
      await server.run(["trigger", "chat", "message", ...Array.from({ length: 120 }, (_, n) => n)]);
      const room = await (await clients.connect(server)).join("chat");
      for (const [start, count] of [
        [0, 50],
        [40, 50],
        [60, 50],
        [100, 20],
      ] as const) {
        const page = await room.getHistory("message", start);
        expect([page.length, page[0]!.data]).toEqual([count, 119 - start]);
      }
    });

    it("what a server refuses of a subscription is reported", async () => {
      const server = await backends.serveWirePage({ rooms });
      const ada = await clients.connect(server);
      const errors = errorsOf(ada);
      const room = await ada.join("chat");
      await server.run(["forget", "ada", "chat"]);
      room.subscribe("note");
      expect((await errors.count(1))[0]).toMatchObject({ code: "NOT_IN_ROOM", roomId: "chat" });
    });
  });
}
