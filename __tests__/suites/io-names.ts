import type { Socket } from "socket.io";
import { describe, expect, it } from "vitest";
import { within } from "../support/deadline.js";
import type { Reach } from "../support/io.js";
import { next, useIo } from "../support/io-stage.js";

/** Halves of surrogate pairs, what takes their place in UTF-8, and what the engine writes for them. */
const HIGH = "a\ud83d";
const LOW = "\udf38b";
const PAIR = "a\u{1f600}";
const REPLACED = "a\ufffd";
const MARKED = "a\ufdd0\ue03d";
const NAMES = [HIGH, LOW, PAIR, REPLACED, MARKED, "a\ude00", "a\ufdd0", "a\ufdd0\ufdd0", "\ud83d\ud83d", ""];

/** Texts that hold half a character, as a cut emoji does: no two of them become one, and none ends a connection. */
export function ioNames(reach: Reach): void {
  describe(`io, halves of characters (${reach.name})`, () => {
    const stage = useIo(reach);

    async function pair(nsp: string, options = {}): ReturnType<typeof stage.pair> {
      const server = await stage.serve();
      return stage.pair(server, nsp, options);
    }

    for (const nsp of ["/", "/a"]) {
      it(`in ${nsp}, in event names, arguments, acknowledgements and auth, both ways`, async () => {
        const { client, socket } = await pair(nsp, { auth: { name: HIGH, [LOW]: [LOW] } });
        expect(socket.handshake.auth).toEqual({ name: HIGH, [LOW]: [LOW] });
        const heard: unknown[] = [];
        socket.onAny((name) => void heard.push(name));
        for (const name of NAMES) socket.on(name, (value, answer) => answer(name, { [value]: value }));
        for (const name of NAMES) {
          const value = `${name}${HIGH}`;
          const answer = new Promise((resolve) =>
            client.socket.emit(name, value, (...args: unknown[]) => resolve(args)),
          );
          expect(await within(answer, "an answer")).toEqual([name, { [value]: value }]);
        }
        expect(heard).toEqual(NAMES);
        for (const name of NAMES) socket.emit(name, { [name]: [name] });
        for (const name of NAMES) expect(await client.next(name)).toEqual({ [name]: [name] });
        expect([socket.connected, client.disconnects]).toEqual([true, []]);
      });

      it(`in ${nsp}, in names of rooms: each is a room of its own`, async () => {
        const { client, socket } = await pair(nsp);
        const told: unknown[] = [];
        const events = ["create-room", "join-room", "leave-room", "delete-room"] as const;
        for (const event of events) {
          socket.nsp.adapter.on(event, (room: string, id?: string) => void told.push([event, room, id]));
        }
        for (const name of NAMES) {
          await socket.join([name, "other"]);
          expect(new Set(socket.rooms)).toEqual(new Set([socket.id, name, "other"]));
          expect(new Set(socket.nsp.adapter.rooms.keys())).toEqual(new Set([socket.id, name, "other"]));
          expect(new Set(socket.nsp.adapter.sids.get(socket.id))).toEqual(
            new Set([socket.id, name, "other"]),
          );
          expect(socket.nsp.adapter.rooms.get(name)?.has(socket.id)).toBe(true);
          for (const room of NAMES) {
            expect(socket.rooms.has(room)).toBe(room === name);
            socket.nsp.to(room).emit("to", room);
            socket.nsp.except([room, socket.id]).emit("to nobody");
            expect((await socket.nsp.in(room).fetchSockets()).length).toBe(room === name ? 1 : 0);
          }
          expect(await client.next("to")).toBe(name);
          await socket.leave(name);
          socket.nsp.in("other").socketsJoin(name);
          expect(socket.rooms.has(name)).toBe(true);
          socket.nsp.in(name).socketsLeave([name, "other"]);
          expect([...socket.rooms]).toEqual([socket.id]);
        }
        expect(told.slice(0, 4)).toEqual([
          ["create-room", HIGH, undefined],
          ["join-room", HIGH, socket.id],
          ["create-room", "other", undefined],
          ["join-room", "other", socket.id],
        ]);
        socket.emit("end");
        await client.next("end");
        expect(client.all("to").length).toBe(NAMES.length);
        expect(client.all("to nobody")).toEqual([]);
      });
    }

    it("in rooms that are left by going", async () => {
      const { client, socket } = await pair("/a");
      await socket.join(NAMES);
      const going = next<string>(socket, "disconnecting");
      let rooms = new Set<string>();
      socket.on("disconnecting", () => {
        rooms = new Set(socket.rooms);
      });
      client.socket.disconnect();
      await going;
      expect(rooms).toEqual(new Set([socket.id, ...NAMES]));
      const { socket: other } = await stage.pair({ ...(await stage.serve()) }, "/a");
      await other.join(NAMES);
      other.on("disconnecting", () => {
        rooms = new Set(other.rooms);
      });
      other.disconnect();
      expect(rooms).toEqual(new Set([other.id, ...NAMES]));
    });

    it("in what a middleware refuses with, and what it joins", async () => {
      const server = await stage.serve();
      let refuses = true;
      server.io.of("/a").use((socket, proceed) => {
        socket.join(NAMES);
        proceed(refuses ? Object.assign(new Error(HIGH), { data: { [LOW]: LOW } }) : undefined);
      });
      const { message, data } = await stage.client(server, "/a").refusal();
      expect({ message, data }).toEqual({ message: HIGH, data: { [LOW]: LOW } });
      refuses = false;
      const { socket }: { socket: Socket } = await stage.pair(server, "/a");
      expect(new Set(socket.rooms)).toEqual(new Set([socket.id, ...NAMES]));
    });

    it("in the name of a namespace: no other's clients get in", async () => {
      const server = await stage.serve();
      const seen: unknown[] = [];
      try {
        server.io.of(`/${HIGH}`).on("connection", () => void seen.push("connection"));
      } catch (error) {
        seen.push((error as { code?: unknown }).code);
      }
      expect((await stage.client(server, `/${REPLACED}`).refusal()).message).toBe("Invalid namespace");
      expect(seen).toEqual(reach.name.startsWith("npm") ? [] : ["INVALID_CONFIG"]);
    });
  });
}
