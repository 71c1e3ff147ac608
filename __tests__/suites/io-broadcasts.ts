import type { Socket } from "socket.io";
import { describe, expect, it } from "vitest";
import { bytesOf } from "../support/client.js";
import { within } from "../support/deadline.js";
import type { Reach, ServedIo } from "../support/io.js";
import { next, type Pair, useIo } from "../support/io-stage.js";

/** What is sent to many, and what is done to many. */
export function ioBroadcasts(reach: Reach): void {
  describe(`io, broadcasts (${reach.name})`, () => {
    const stage = useIo(reach);

    async function three(server: ServedIo, nsp = "/a"): Promise<[Pair, Pair, Pair]> {
      return [await stage.pair(server, nsp), await stage.pair(server, nsp), await stage.pair(server, nsp)];
    }

    /** What each heard of the program's own until now. */
    async function heard(nsp: ServedIo["io"] | Socket["nsp"], pairs: Pair[]): Promise<string[]> {
      nsp.emit("fence");
      await Promise.all(pairs.map(({ client }) => client.next("fence")));
      return pairs.map(({ client }) => {
        const events = client.received.map(({ event }) => event);
        client.received.length = 0;
        return events.filter((event) => event !== "fence" && !event.startsWith("dialogue:")).join(" ");
      });
    }

    for (const nsp of ["/", "/a"]) {
      it(`in ${nsp} reach all, those in any of some rooms once, all but some, and never another namespace`, async () => {
        const server = await stage.serve();
        const outsider = await stage.pair(server, nsp === "/" ? "/b" : "/");
        const pairs = await three(server, nsp);
        const [one, two, three_] = pairs.map(({ socket }) => socket) as [Socket, Socket, Socket];
        one.join(["x", "y"]);
        two.join("y");
        const io = nsp === "/" ? server.io : server.io.of(nsp);
        expect(io.emit("all")).toBe(true);
        io.to("x").emit("x");
        io.to("x").to("y").emit("x+y");
        io.in(["x", "y"]).emit("[x,y]");
        io.except("x").emit("-x");
        io.to("y").except(["x", "z"]).emit("y-x");
        io.to(three_.id).emit("id");
        io.except(three_.id).except(one.id).emit("-ids");
        io.to("nobody").emit("nobody");
        io.local.emit("local");
        io.compress(false).emit("compress");
        expect(await heard(io, pairs)).toEqual([
          "all x x+y [x,y] local compress",
          "all x+y [x,y] -x y-x -ids local compress",
          "all -x id local compress",
        ]);
        expect(await heard(outsider.socket.nsp, [outsider])).toEqual([""]);
        expect([io.send("m") === io, io.write("m") === io]).toEqual([true, true]);
        expect(await heard(io, pairs)).toEqual(Array(3).fill("message message"));
      });
    }

    it("of a socket reach all but itself, also where it is in the room", async () => {
      const server = await stage.serve();
      const pairs = await three(server);
      const [one, two] = pairs.map(({ socket }) => socket) as [Socket, Socket, Socket];
      one.join("x");
      two.join("x");
      one.broadcast.emit("broadcast");
      one.to("x").emit("to x");
      one.in("x").emit("in x");
      one.except("x").emit("except x");
      one.broadcast.to("x").except(two.id).emit("nobody");
      one.to(one.id).emit("to itself");
      one.local.emit("local");
      one.compress(true).emit("own");
      expect(await heard(server.io.of("/a"), pairs)).toEqual([
        "own",
        "broadcast to x in x local",
        "broadcast except x local",
      ]);
    });

    it("operators are values: what is half made can be kept and used again", async () => {
      const server = await stage.serve();
      const pairs = await three(server);
      pairs[0]!.socket.join("x");
      pairs[1]!.socket.join("y");
      const io = server.io.of("/a");
      const toX = io.to("x");
      const toBoth = toX.to("y");
      toX.emit("x");
      toBoth.except("x").emit("y");
      toX.compress(false).local.emit("x again");
      toBoth.emit("both");
      expect(await heard(io, pairs)).toEqual(["x x again both", "y both", ""]);
    });

    it("binary reaches all, in each transport's way", async () => {
      const server = await stage.serve();
      const pairs = await three(server);
      server.io.of("/a").emit("bytes", { a: [Buffer.from([1, 2])] }, new Uint8Array([3]).buffer);
      for (const { client } of pairs) {
        await client.next("bytes");
        const [first, second] = client.received[0]!.args;
        expect([bytesOf(first.a[0]), bytesOf(second)]).toEqual([[1, 2], [3]]);
      }
    });

    it("rooms are a socket's from join to leave, at once, whatever their names", async () => {
      const server = await stage.serve();
      const pairs = await three(server);
      const [one, two, three_] = pairs.map(({ socket }) => socket) as [Socket, Socket, Socket];
      const io = server.io.of("/a");
      const names = ["", " ", "é", "__proto__", "constructor", "a,b", two.id];
      expect(one.join(names)).toBe(undefined);
      expect([...one.rooms]).toEqual([one.id, ...names]);
      for (const name of names.slice(0, -1)) io.to(name).emit("one");
      io.to(two.id).emit("both");
      io.except(two.id).emit("three");
      expect(await heard(io, pairs)).toEqual([`${"one ".repeat(6)}both`, "both", "three"]);
      for (const name of names) expect(one.leave(name)).toBe(undefined);
      one.leave("never joined");
      expect([...one.rooms]).toEqual([one.id]);
      three_.leave(three_.id);
      io.to(three_.id).emit("gone");
      expect([three_.rooms.size, await heard(io, pairs)]).toEqual([0, ["", "", ""]]);
      three_.join(three_.id);
      two.join(three_.id);
      pairs[2]!.client.close();
      await next(three_, "disconnect");
      io.to(three_.id).emit("who stayed");
      expect(await heard(io, pairs.slice(0, 2))).toEqual(["", "who stayed"]);
      one.join(7 as never);
      io.to(7 as never).emit("number");
      one.leave(7 as never);
      io.to(7 as never).emit("left");
      expect(await heard(io, pairs.slice(0, 2))).toEqual(["number", ""]);
    });

    it("what happens in one turn happens in its order", async () => {
      const server = await stage.serve();
      const pairs = await three(server);
      const [one, two] = pairs.map(({ socket }) => socket) as [Socket, Socket, Socket];
      const io = server.io.of("/a");
      io.to("x").emit("before");
      one.join("x");
      one.emit("own");
      io.to("x").emit("in x");
      io.socketsJoin("x");
      io.to("x").emit("all in x");
      one.leave("x");
      io.to("x").emit("without one");
      two.disconnect();
      io.to("x").emit("without two");
      const [a, b, c] = pairs;
      expect(await heard(io, [a!, c!])).toEqual(["own in x all in x", "all in x without one without two"]);
      await b!.client.disconnected();
      expect(b!.client.received.map(({ event }) => event)).toEqual(["all in x", "without one"]);
    });

    it("fetchSockets, allSockets, socketsJoin and socketsLeave, of all and of rooms", async () => {
      const server = await stage.serve();
      const pairs = await three(server);
      const sockets = pairs.map(({ socket }) => socket) as [Socket, Socket, Socket];
      const io = server.io.of("/a");
      sockets[0].join("x");
      const ids = async (found: Promise<{ id: string }[]>) => (await found).map(({ id }) => id).toSorted();
      const all = sockets.map(({ id }) => id).toSorted();
      expect(await ids(io.fetchSockets())).toEqual(all);
      expect(await ids(io.in("x").fetchSockets())).toEqual([sockets[0].id]);
      expect(await ids(io.except("x").fetchSockets())).toEqual([sockets[1].id, sockets[2].id].toSorted());
      expect([(await io.allSockets()).size, await io.in("x").allSockets()]).toEqual([
        3,
        new Set([sockets[0].id]),
      ]);
      expect([io.socketsJoin(["y", "z"]), io.in("x").socketsJoin("w")]).toEqual([undefined, undefined]);
      expect(sockets.map(({ rooms }) => rooms.size)).toEqual([5, 3, 3]);
      io.in("x").socketsLeave(["y", "w"]);
      io.socketsLeave("z");
      expect(sockets.map(({ rooms, id }) => [...rooms].filter((room) => room !== id))).toEqual([
        ["x"],
        ["y"],
        ["y"],
      ]);
      const [fetched] = await io.in("x").fetchSockets();
      expect([fetched!.id, [...fetched!.rooms], fetched!.data]).toEqual([
        sockets[0].id,
        [sockets[0].id, "x"],
        sockets[0].data,
      ]);
      fetched!.emit("to the fetched");
      expect(await heard(io, pairs)).toEqual(["to the fetched", "", ""]);
    });

    it("disconnectSockets ends those in a room, or all, and tells each", async () => {
      const server = await stage.serve();
      const pairs = await three(server);
      const [one] = pairs;
      one!.socket.join("x");
      const ends = pairs.map(({ socket }) => next<string>(socket, "disconnect"));
      const told = pairs.map(({ client }) => client);
      server.io.of("/a").in("x").disconnectSockets();
      expect(await Promise.all([ends[0], told[0]!.disconnected()])).toEqual([
        "server namespace disconnect",
        "io server disconnect",
      ]);
      expect(server.io.of("/a").sockets.size).toBe(2);
      server.io.of("/a").disconnectSockets(true);
      expect(await within(Promise.all(ends), "all ends")).toEqual(
        Array(3).fill("server namespace disconnect"),
      );
      expect(await Promise.all(told.map((client) => client.disconnected()))).toEqual(
        Array(3).fill("io server disconnect"),
      );
    });

    it("volatile is dropped where the client is not ready, and nothing else is", async () => {
      const server = await stage.serve();
      const { client, socket } = await stage.pair(server, "/a");
      socket.emit("first");
      for (let i = 0; i < 3; i++) socket.volatile.emit("maybe");
      server.io.of("/a").volatile.emit("maybe");
      socket.emit("last");
      await client.next("last");
      expect(client.received.map(({ event }) => event)).toEqual(["first", "last"]);
    });

    it("serverSideEmit reaches nobody: there is one server", async () => {
      const { io, log } = await stage.serve();
      let told = 0;
      io.on("hello" as never, (() => told++) as never);
      expect(io.serverSideEmit("hello" as never)).toBe(true);
      expect(told).toBe(0);
      expect(() => io.serverSideEmit("connection" as never)).toThrow("reserved event name");
      if (!reach.name.startsWith("npm")) expect(log.mentions("warn", "serverSideEmit")).toBe(true);
    });
  });
}
