import type { RoomContext } from "dialogue-rs/client";
import { describe, expect, it } from "vitest";
import { type Backends, useBackends } from "../support/client-backend.js";
import { errorsOf, payloads, Told, useClients } from "../support/client-stage.js";

const HISTORY = { enabled: true, limit: 100 };
const chat = (changes: object = {}) => ({
  name: "Chat",
  events: [{ name: "message", history: HISTORY }, { name: "note", history: HISTORY }, { name: "typing" }],
  defaultSubscriptions: ["message"],
  ...changes,
});
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

/** What becomes of rooms when a connection is lost. */
export function clientComesBack(control: () => string): void {
  describe("the client comes back", () => {
    const backends: Backends = useBackends(control);
    const clients = useClients();

    it("with what was said meanwhile, in order, nothing twice, though events come while it is fetched", async () => {
      const server = await backends.serve({ rooms: { chat: chat() }, greetings: 3 });
      const ada = await clients.connect(server);
      const room = await ada.join("chat");
      const offsets = new Told<number>();
      const heard = payloads<unknown>(room);
      room.onAny((_, { offset }) => offsets.add(offset!));
      await server.run(["trigger", "chat", "message", "before"]);
      await heard.count(4);
      for (const round of [1, 2, 3]) {
        const missed = [`${round}a`, `${round}b`];
        await server.run(
          ["cut"],
          ["trigger", "chat", "message", ...missed],
          ["trigger", "chat", "typing", 0],
        );
        // Joined again: its greetings came while what was missed was fetched.
        await heard.until((all) => all.includes(`${round}b`) && all.at(-1) === "greeting 3", "the greetings");
        await server.run(["trigger", "chat", "message", `${round}c`]);
        await heard.until((all) => all.includes(`${round}c`), `message ${round}c`);
        const greetings = ["greeting 1", "greeting 2", "greeting 3"];
        expect(heard.all.splice(0)).toEqual([
          ...(round === 1 ? [...greetings, "before"] : []),
          ...missed,
          ...greetings,
          `${round}c`,
        ]);
      }
      expect(offsets.all).toEqual([...offsets.all].sort((a, b) => a - b));
      expect(new Set(offsets.all).size).toBe(offsets.all.length);
    });

    it("with its subscriptions, and only what they ask for", async () => {
      const server = await backends.serve({ rooms: { chat: chat() } });
      const ada = await clients.connect(server);
      const room = await ada.join("chat");
      room.subscribe("typing");
      room.subscribe("note");
      room.unsubscribe("message");
      await ada.listRooms();
      const heard = new Told<unknown>();
      room.onAny((name, { data }) => heard.add([name, data]));
      const connected = new Told<true>();
      ada.onConnect(() => connected.add(true));
      await server.run(["cut"], ["trigger", "chat", "message", 1], ["trigger", "chat", "note", 2]);
      await connected.count(1);
      await heard.count(1);
      await server.run(["trigger", "chat", "typing", 3], ["trigger", "chat", "note", 4]);
      expect(await heard.count(3)).toEqual([
        ["note", 2],
        ["typing", 3],
        ["note", 4],
      ]);
      expect(await server.run(["subscriptions", "ada", "chat"])).toEqual([["typing", "note"]]);
    });

    it("leaves out kinds that the room does not send unasked", async () => {
      const server = await backends.serve({ rooms: { chat: chat() } });
      const ada = await clients.connect(server);
      const room = await ada.join("chat");
      const heard = new Told<unknown>();
      room.onAny((name, { data }) => heard.add([name, data]));
      await server.run(["trigger", "chat", "note", 1], ["trigger", "chat", "message", 2]);
      await heard.count(1);
      await server.run(["cut"], ["trigger", "chat", "note", 3], ["trigger", "chat", "message", 4]);
      expect(await heard.count(2)).toEqual([
        ["message", 2],
        ["message", 4],
      ]);
      await ada.listRooms();
      expect(heard.all.length).toBe(2);
    });

    it("after thousands of events, page by page", async () => {
      const events = [{ name: "message", history: { enabled: true, limit: 5_000 } }];
      const server = await backends.serve({
        rooms: { chat: chat({ events }) },
        limits: { historyPage: 300 },
      });
      const ada = await clients.connect(server);
      const heard = payloads<number>(await ada.join("chat"));
      await server.run(["cut"], ["trigger", "chat", "message", ...numbers(1, 4_000)]);
      await heard.count(4_000, 15_000);
      expect(heard.all).toEqual(numbers(1, 4_000));
    });

    it("with what memory has let go, from the program's store", async () => {
      const events = [{ name: "message", history: { enabled: true, limit: 5 } }];
      const server = await backends.serve({ rooms: { chat: chat({ events }) }, store: true });
      const ada = await clients.connect(server);
      const room = await ada.join("chat");
      const heard = payloads<number>(room);
      await server.run(["trigger", "chat", "message", ...numbers(1, 10)]);
      await heard.count(10);
      await server.run(["cut"], ["trigger", "chat", "message", ...numbers(11, 60)]);
      await heard.count(60);
      expect(heard.all).toEqual(numbers(1, 60));
    });

    it("into many rooms, within the server's limits on requests", async () => {
      const ids = numbers(1, 150).map((n) => `room-${n}`);
      const server = await backends.serve({
        rooms: Object.fromEntries(ids.map((id) => [id, chat()])),
        limits: { rate: 200, burst: 200, historyRate: 50 },
      });
      const ada = await clients.connect(server);
      const errors = errorsOf(ada);
      const heard = new Told<string>();
      for (const id of ids) (await ada.join(id)).on("message", ({ roomId }) => heard.add(roomId));
      await server.run(["cut"], ...ids.map((id) => ["trigger", id, "message", 1]));
      await heard.count(150, 25_000);
      expect(new Set(heard.all).size).toBe(150);
      expect(errors.all).toEqual([]);
    }, 30_000);

    it("or says why it could not: refused, full, deleted, removed", async () => {
      const rooms = { staff: chat(), full: chat({ maxSize: 2 }), removed: chat(), chat: chat() };
      const server = await backends.serve({ rooms });
      const ada = await clients.connect(server);
      const bob = await clients.connect(server, "bob");
      await bob.join("full");
      const errors = errorsOf(ada);
      const closed = new Told<unknown>();
      for (const id of ["staff", "full", "removed", "chat"]) {
        const room = await ada.join(id);
        room.onClosed(({ code, message, roomId }) => closed.add([id, code, message, roomId]));
      }
      const kept = ada.getRoom("chat")!;
      const heard = payloads(kept);
      await server.run(["kick", "ada", "removed"]);
      expect(await closed.count(1)).toEqual([
        ["removed", "NOT_IN_ROOM", "Removed from room 'removed'", "removed"],
      ]);
      await server.run(
        ["cut", "ada"],
        ["deny", "staff", "Not any more"],
        ["updateRoom", "full", { maxSize: 1 }],
        ["trigger", "chat", "message", "still here"],
      );
      expect(await heard.count(1)).toEqual(["still here"]);
      await closed.count(3);
      expect(closed.all).toContainEqual(["staff", "JOIN_DENIED", "Not any more", "staff"]);
      expect(closed.all).toContainEqual(["full", "ROOM_FULL", "Room 'full' is at capacity", "full"]);
      expect(errors.all.map(({ code, roomId }) => `${code} ${roomId}`).sort()).toEqual([
        "JOIN_DENIED staff",
        "ROOM_FULL full",
      ]);
      expect([ada.getRoom("staff"), ada.getRoom("full"), ada.getRoom("removed")]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      expect(ada.getRoom("chat")).toBe(kept);
      await server.run(["deleteRoom", "chat"]);
      expect((await closed.count(4))[3]).toEqual([
        "chat",
        "ROOM_NOT_FOUND",
        "Room 'chat' does not exist",
        "chat",
      ]);
      const late = new Told<string>();
      kept.onClosed(({ code }) => late.add(code));
      expect(await late.count(1)).toEqual(["ROOM_NOT_FOUND"]);
    });

    it("finds a room deleted while it was away", async () => {
      const server = await backends.serve({ rooms: { chat: chat() } });
      const ada = await clients.connect(server);
      const errors = errorsOf(ada);
      const room = await ada.join("chat");
      const closed = new Told<string>();
      room.onClosed(({ code }) => closed.add(code));
      await server.run(["cut"], ["deleteRoom", "chat"]);
      expect(await closed.count(1)).toEqual(["ROOM_NOT_FOUND"]);
      expect((await errors.count(1))[0]).toMatchObject({ code: "ROOM_NOT_FOUND", roomId: "chat" });
      expect(await room.trigger("message", 1)).toMatchObject({ error: { code: "NOT_IN_ROOM" } });
    });

    it("into a room that was made anew: everything in it is new", async () => {
      const server = await backends.serve({ rooms: { chat: chat() } });
      const ada = await clients.connect(server);
      const heard = payloads(await ada.join("chat"));
      await server.run(["trigger", "chat", "message", 1, 2, 3]);
      await heard.count(3);
      await server.run(
        ["cut"],
        ["trigger", "chat", "message", 4],
        ["deleteRoom", "chat"],
        ["createRoom", "chat", chat()],
        ["trigger", "chat", "message", "new 1", "new 2"],
      );
      await heard.count(5);
      expect(heard.all).toEqual([1, 2, 3, "new 1", "new 2"]);
    });

    it("to a server that was killed and started again, both of two people", async () => {
      const server = await backends.spawn({ rooms: { chat: chat({ syncHistoryOnJoin: true }) } });
      const people = [await clients.connect(server, "ada"), await clients.connect(server, "bob")];
      const rooms = await Promise.all(people.map((person) => person.join("chat")));
      const heard = rooms.map((room) => payloads(room));
      const lost = people.map((person) => {
        const told = new Told<string>();
        person.onDisconnect(() => told.add(person.state));
        return told;
      });
      expect((await rooms[0]!.trigger("message", "before")).isOk).toBe(true);
      await Promise.all(heard.map((told) => told.count(1)));
      await server.stop();
      for (const told of lost) expect(await told.count(1)).toEqual(["connecting"]);
      // Said while there is no server: it waits for one.
      const saying = rooms[1]!.trigger("message", "after");
      await server.again();
      expect(await saying).toMatchObject({ isOk: true });
      expect((await rooms[0]!.trigger("message", "and on")).isOk).toBe(true);
      for (const told of heard) {
        await told.count(3, 15_000);
        expect(told.all).toEqual(["before", "after", "and on"]);
      }
    }, 30_000);

    it("gives history to onHistory once, at the join", async () => {
      const server = await backends.serve({ rooms: { chat: chat({ syncHistoryOnJoin: true }) } });
      await server.run(["trigger", "chat", "message", 1, 2]);
      const ada = await clients.connect(server);
      const histories = new Told<unknown>();
      ada.onHistory((roomId, events) => histories.add([roomId, events.map(({ data }) => data)]));
      const heard = payloads(await ada.join("chat"));
      await histories.count(1);
      await server.run(["cut"], ["trigger", "chat", "message", 3]);
      expect(await heard.count(1)).toEqual([3]);
      await ada.join("chat");
      await ada.listRooms();
      expect(histories.all).toEqual([["chat", [2, 1]]]);
    });

    it("unless the room was left meanwhile", async () => {
      const server = await backends.serve({ rooms: { chat: chat(), other: chat() } });
      const ada = await clients.connect(server);
      const [left, other] = [await ada.join("chat"), await ada.join("other")];
      const closed = new Told<string>();
      left.onClosed(({ code }) => closed.add(code));
      const heard = [payloads(left), payloads(other)] as const;
      ada.onDisconnect(() => left.leave());
      await server.run(["cut"], ["trigger", "chat", "message", 1], ["trigger", "other", "message", 1]);
      await heard[1].count(1);
      await ada.listRooms();
      expect(heard[0].all).toEqual([]);
      expect(closed.all).toEqual([]);
      const [subscribed] = await server.run(["subscriptions", "ada", "chat"]);
      expect(subscribed).toEqual([]);
    });

    it("a room that is left and joined again on the way back is joined", async () => {
      const server = await backends.serve({ rooms: { chat: chat() } });
      const ada = await clients.connect(server);
      const left = await ada.join("chat");
      const joined = new Promise<RoomContext>((resolve) => {
        ada.onConnect(() => {
          left.leave();
          resolve(ada.join("chat"));
        });
      });
      await server.run(["cut"]);
      const room = await joined;
      await ada.listRooms();
      const heard = payloads(room);
      expect(await room.trigger("message", 1)).toMatchObject({ isOk: true });
      expect(await heard.count(1)).toEqual([1]);
    });

    it("subscribed before what waited is said, so that it hears itself", async () => {
      const server = await backends.serve({ rooms: { chat: chat() } });
      const ada = await clients.connect(server);
      const room = await ada.join("chat");
      room.subscribe("typing");
      const heard = payloads(room, "typing");
      await room.trigger("typing", 1);
      const saying = new Promise((resolve) => ada.onDisconnect(() => resolve(room.trigger("typing", 2))));
      await server.run(["cut"]);
      expect(await saying).toMatchObject({ isOk: true });
      expect(await heard.count(2)).toEqual([1, 2]);
    });

    it("with what was said between the join and the subscription", async () => {
      const rooms = { chat: chat({ defaultSubscriptions: [] }) };
      const server = await backends.serve({ rooms, greetings: 1 });
      const ada = await clients.connect(server);
      const room = await ada.join("chat");
      // What the program triggers comes behind what it was told before: the greeting of this join is none of the subscription's.
      await server.run(["trigger", "chat", "typing", 0]);
      room.subscribe("message");
      await ada.listRooms();
      const heard = payloads(room);
      await room.trigger("message", "before");
      await heard.count(1);
      await server.run(["cut"]);
      expect(await heard.count(2)).toEqual(["before", "greeting 1"]);
    });

    it("with nothing from the store that is of a room of the same name before", async () => {
      const limited = { enabled: true, limit: 3 };
      const events = [
        { name: "message", history: limited },
        { name: "note", history: limited },
      ];
      const rooms = { chat: chat({ events, defaultSubscriptions: ["*"] }) };
      const server = await backends.serve({ rooms, store: true });
      await server.run(
        ["trigger", "chat", "message", ...numbers(1, 20).map((n) => `old ${n}`)],
        ["deleteRoom", "chat"],
        ["createRoom", "chat", rooms.chat],
      );
      const ada = await clients.connect(server);
      const room = await ada.join("chat");
      const heard = payloads(room);
      const notes = payloads(room, "note");
      await server.run(["trigger", "chat", "note", 1]);
      await notes.count(1);
      await server.run(
        ["cut"],
        ["trigger", "chat", "message", ...numbers(1, 6)],
        ["trigger", "chat", "note", 2],
      );
      await notes.count(2);
      expect(heard.all).toEqual(numbers(1, 6));
    });

    it("into a room made anew, into which the server has put it already", async () => {
      const rooms = { chat: chat({ events: [{ name: "message" }] }) };
      const server = await backends.spawn({ rooms, puts: "chat", greetings: 1 });
      const ada = await clients.connect(server);
      const room = await ada.join("chat");
      const heard = new Told<string>();
      room.on("message", ({ data, offset }) => heard.add(`${data} at ${offset}`));
      // The first greeting may have come before anybody listened, or be still to come. The room has it once the n-th word is at n + 1.
      let words = 0;
      const own = (all: readonly string[]) => all.filter((what) => what.startsWith("before")).length;
      while (!heard.all.includes(`before at ${words + 1}`)) {
        expect((await room.trigger("message", "before")).isOk).toBe(true);
        words += 1;
        await heard.until((all) => own(all) === words, "the word to come back");
      }
      heard.all.splice(0);
      await server.stop();
      await server.again();
      expect(await heard.count(1, 15_000)).toEqual(["greeting 1 at 1"]);
      expect((await room.trigger("message", "after")).isOk).toBe(true);
      expect(await heard.count(2)).toEqual(["greeting 1 at 1", "after at 2"]);
    }, 20_000);

    it("hears what is missed of a kind that it gave up, as long as it asked for all", async () => {
      const server = await backends.serve({ rooms: { chat: chat({ defaultSubscriptions: [] }) } });
      const ada = await clients.connect(server);
      const room = await ada.join("chat");
      const heard = new Told<string>();
      room.onAny((name) => heard.add(name));
      room.subscribeAll();
      room.unsubscribe("message");
      await ada.listRooms();
      const said = ["trigger", "chat", "message", 1];
      await server.run(said);
      await heard.count(1);
      await server.run(["cut"], said, ["trigger", "chat", "note", 1]);
      expect(await heard.count(3)).toEqual(["message", "message", "note"]);
    });

    it("stays away when the server sends it away, until connect()", async () => {
      const server = await backends.serve({ rooms: { chat: chat() } });
      const ada = await clients.connect(server);
      const heard = payloads(await ada.join("chat"));
      const lost = new Told<unknown>();
      ada.onDisconnect((reason) => lost.add([reason, ada.state]));
      await server.run(["sendAway", "ada"], ["trigger", "chat", "message", 1]);
      expect(await lost.count(1)).toEqual([["io server disconnect", "disconnected"]]);
      expect(await ada.getRoom("chat")!.trigger("message", 2)).toMatchObject({
        error: { code: "DISCONNECTED" },
      });
      await ada.connect();
      expect(await heard.count(1)).toEqual([1]);
    });
  });
}
