import { describe, expect, it } from "vitest";
import { Told, useClients } from "../support/client-stage.js";
import { eventually } from "../support/deadline.js";
import { chatRoom } from "../support/rooms.js";
import { scaled } from "../support/scale.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const BATCHED = "&announcements=batched";

/** Announcements: changes of listed rooms, which every client receives. */
export function announcements(serve: Serve): void {
  describe("announcements", () => {
    const stage = useStage(serve);
    const clients = useClients();

    it("of a client that makes and deletes rooms at its limit, each other gets at most one frame a second", async () => {
      const server = await stage.serve({ limits: { clientRooms: 1_000, roomRate: 100 } });
      const frames: { at: number; text: string }[][] = [];
      for (let n = 0; n < scaled(40, 500); n++) {
        const raw = await stage.raw(server, n % 2 === 0 ? { query: BATCHED } : {});
        raw.send(`40${JSON.stringify({ userId: `user-${n}` })}`);
        await raw.nextStarting('42["dialogue:connected"');
        const own: { at: number; text: string }[] = [];
        frames.push(own);
        void (async () => {
          for (;;) own.push({ text: await raw.nextStarting('42["dialogue:room', 60_000), at: Date.now() });
        })().catch(() => {});
      }
      const busy = await stage.connect(server, { userId: "busy" });
      const begun = Date.now();
      for (let n = 0; Date.now() - begun < scaled(2_500, 10_000); n++) {
        await busy.ask("dialogue:createRoom", { id: `room-${n}`, name: "Room" });
        // Every other one stays.
        if (n % 2 === 0) await busy.ask("dialogue:deleteRoom", { roomId: `room-${n}` });
      }
      const seconds = (Date.now() - begun) / 1_000;
      for (const own of frames) {
        const within = own.filter(({ at }) => at <= begun + seconds * 1_000).length;
        expect(within).toBeGreaterThan(0);
        expect(within).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
      }
      await eventually(
        () => frames[0]!.some(({ text }) => text.startsWith('42["dialogue:roomsChanged"')),
        "those who take them get batches",
      );
      expect(frames[1]!.some(({ text }) => text.includes("roomsChanged"))).toBe(false);
    }, 60_000);

    it("the client hears of every change, in order", async () => {
      const { dialogue, ...server } = await stage.serve({});
      const ada = await clients.connect(server);
      const told = new Told<string>();
      ada.onRoomCreated(({ id, name }) => told.add(`made ${id} ${name}`));
      ada.onRoomDeleted((id) => told.add(`gone ${id}`));
      const expected: string[] = [];
      for (let round = 0; round < 3; round++) {
        for (let n = 0; n < 10; n++) {
          const id = `room-${n % 4}`;
          expect(dialogue.createRoom(id, chatRoom({ name: `${round}.${n}` }))).not.toBeNull();
          expect(dialogue.deleteRoom(id)).toBe(true);
          expected.push(`made ${id} ${round}.${n}`, `gone ${id}`);
        }
        await told.until((all) => all.length >= expected.length, "all changes");
      }
      expect(told.all).toEqual(expected);
    });

    it("a list and what is announced behind it give the rooms that there are", async () => {
      const { dialogue, ...server } = await stage.serve({});
      const [ada, old] = [await clients.connect(server), await stage.connect(server, { userId: "old" })];
      for (let n = 0; n < 40; n++) {
        const id = `room-${(n * 7) % 3}`;
        if (!dialogue.deleteRoom(id)) dialogue.createRoom(id, chatRoom());
        if (n === 20) break;
      }
      // Made, not announced yet, and seen in a list; then gone.
      dialogue.createRoom("seen", chatRoom());
      const known = new Set<string>();
      const oldKnown = new Set<string>();
      for (const { id } of await ada.listRooms()) known.add(id);
      for (const { id } of (await old.ask("dialogue:listRooms"))["rooms"]) oldKnown.add(id);
      expect(known.has("seen") && oldKnown.has("seen")).toBe(true);
      ada.onRoomCreated(({ id }) => known.add(id));
      ada.onRoomDeleted((id) => known.delete(id));
      old.socket.on("dialogue:roomCreated", ({ id }) => oldKnown.add(id));
      old.socket.on("dialogue:roomDeleted", ({ roomId }) => oldKnown.delete(roomId));
      dialogue.deleteRoom("seen");
      dialogue.deleteRoom("room-1");
      dialogue.createRoom("last", chatRoom());
      const rooms = () => dialogue.rooms().map(({ id }) => id);
      const is = (set: Set<string>) => set.size === rooms().length && rooms().every((id) => set.has(id));
      await eventually(() => is(known) && is(oldKnown), "both know the rooms");
    });

    it("members hear of their room at once, and once", async () => {
      const { dialogue, ...server } = await stage.serve({ rooms: { chat: chatRoom(), other: chatRoom() } });
      const old = await stage.connect(server, { userId: "old" });
      const ada = await clients.connect(server);
      const gone = new Told<string>();
      ada.onRoomDeleted(gone.add);
      await old.join("chat");
      const room = await ada.join("chat");
      // These are announced first, one a second.
      for (let n = 0; n < 5; n++) dialogue.createRoom(`room-${n}`, chatRoom());
      dialogue.updateRoom("chat", { name: "Renamed" });
      await ada.listRooms();
      expect(room.roomName).toBe("Renamed");
      dialogue.deleteRoom("chat");
      dialogue.deleteRoom("other");
      await old.caughtUp();
      expect(old.all("dialogue:roomUpdated")).toHaveLength(1);
      expect(old.all("dialogue:roomDeleted")).toEqual([{ roomId: "chat" }]);
      await gone.until((all) => all.includes("other"), "the other to be announced");
      expect(gone.all).toEqual(["chat", "other"]);
    });

    it("a client that comes hears nothing of what was before", async () => {
      const { dialogue, ...server } = await stage.serve({ rooms: { chat: chatRoom() } });
      await clients.connect(server);
      dialogue.createRoom("first", chatRoom());
      await stage.connect(server, { userId: "early" });
      dialogue.deleteRoom("chat");
      dialogue.createRoom("chat", chatRoom());
      const late = await stage.connect(server, { userId: "late" });
      const ada = await clients.connect(server, "ada");
      const told = new Told<string>();
      ada.onRoomDeleted(told.add);
      ada.onRoomCreated(({ id }) => told.add(id));
      dialogue.createRoom("last", chatRoom());
      await late.next("dialogue:roomCreated", ({ id }) => id === "last");
      await told.until((all) => all.includes("last"), "the last one");
      expect(told.all).toEqual(["last"]);
      expect(late.received.filter(({ event }) => event.startsWith("dialogue:room"))).toHaveLength(1);
    });

    it("who asks for a room, or for its end, hears of it at once, and once", async () => {
      const server = await stage.serve({ limits: { clientRooms: 100, roomRate: false } });
      const old = await stage.connect(server, { userId: "old" });
      // The client receives one of these a second.
      for (let n = 0; n < 5; n++) server.dialogue.createRoom(`room-${n}`, chatRoom());
      const own = (event: string) => old.all(event).filter(({ id, roomId }) => (id ?? roomId) === "own");
      for (let round = 1; round <= 3; round++) {
        old.tell("dialogue:createRoom", { id: "own", name: "Own" });
        await old.caughtUp();
        expect(own("dialogue:roomCreated")).toHaveLength(round);
        old.tell("dialogue:deleteRoom", { roomId: "own" });
        await old.caughtUp();
        expect(own("dialogue:roomDeleted")).toHaveLength(round);
      }
      old.tell("dialogue:createRoom", { id: "own", name: "Own" });
      await eventually(() => own("dialogue:roomCreated").length === 4, "its room");
      // By another, before anybody else heard of it.
      server.dialogue.deleteRoom("own");
      await old.count("dialogue:roomDeleted", 4);
      await old.count("dialogue:roomCreated", 9);
      expect([own("dialogue:roomCreated").length, own("dialogue:roomDeleted").length]).toEqual([4, 4]);
    }, 30_000);

    it("a membership in a room that was made anew is not ended by the announcement of the old one's end", async () => {
      const { dialogue, ...server } = await stage.serve({ rooms: { chat: chatRoom(), other: chatRoom() } });
      const ada = await clients.connect(server);
      const told = new Told<string>();
      ada.onRoomDeleted(told.add);
      ada.onRoomCreated(({ id }) => told.add(id));
      // The engine announces the next ones a second later.
      dialogue.createRoom("first", chatRoom());
      await told.until((all) => all.includes("first"), "the first one");
      dialogue.deleteRoom("chat");
      dialogue.createRoom("chat", chatRoom());
      const room = await ada.join("chat");
      dialogue.deleteRoom("other");
      await told.until((all) => all.includes("other"), "the other one");
      expect(told.all).toEqual(["first", "chat", "other"]);
      const heard = new Promise((resolve) => room.on("message", ({ data }) => resolve(data)));
      dialogue.trigger("chat", { name: "message" }, 1);
      expect(await heard).toBe(1);
    });

    it("a room that is not listed any more when it would be announced is not", async () => {
      const { dialogue, ...server } = await stage.serve({});
      const old = await stage.connect(server, { userId: "old" });
      dialogue.createRoom("first", chatRoom());
      await old.next("dialogue:roomCreated");
      dialogue.createRoom("secret", chatRoom());
      dialogue.updateRoom("secret", { listed: false });
      dialogue.createRoom("last", chatRoom());
      await old.next("dialogue:roomCreated", ({ id }) => id === "last");
      expect(old.all("dialogue:roomCreated").map(({ id }) => id)).toEqual(["first", "last"]);
    });
  });
}
