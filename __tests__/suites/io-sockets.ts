import { EventEmitter } from "node:events";
import type { Socket } from "socket.io";
import { describe, expect, it } from "vitest";
import { eventually, within } from "../support/deadline.js";
import type { Reach } from "../support/io.js";
import { connected, next, useIo } from "../support/io-stage.js";

const NAMESPACES = ["/", "/a"];

/** What Socket.IO's declarations keep for themselves. */
interface LeavesAll {
  leaveAll(): void;
}

/** A socket as the program holds it: what it tells of its client, and how it ends. */
export function ioSockets(reach: Reach): void {
  describe(`io, sockets (${reach.name})`, () => {
    const stage = useIo(reach);

    it("the handshake tells what the client brought", async () => {
      const server = await stage.serve();
      server.io.of("/a");
      const { client, socket } = await stage.pair(server, "/a", {
        auth: { token: "é", deep: { a: [1] } },
        extraHeaders: { "x-mine": "yes" },
      });
      const { handshake } = socket;
      expect(Object.keys(handshake)).toEqual([
        ...["headers", "time", "address", "xdomain", "secure", "issued", "url", "query", "auth"],
      ]);
      expect(handshake).toMatchObject({ xdomain: false, secure: false });
      expect(handshake.auth).toEqual({ token: "é", deep: { a: [1] } });
      expect(handshake.query).toMatchObject({ EIO: "4", transport: reach.transport });
      expect(handshake.url).toMatch(/^\/socket\.io\/\?.*EIO=4/);
      expect(handshake.headers).toMatchObject({ "x-mine": "yes", host: new URL(server.url).host });
      expect(handshake.address).toMatch(/127\.0\.0\.1$/);
      expect(Math.abs(Date.now() - handshake.issued)).toBeLessThan(60_000);
      expect(Math.abs(Date.parse(handshake.time) - handshake.issued)).toBeLessThan(1_000);
      expect(socket.request.headers).toMatchObject({ "x-mine": "yes" });
      expect(socket.request.url).toBe(handshake.url);
      expect([socket.id, socket.nsp.name, socket.recovered]).toEqual([client.socket.id, "/a", false]);
    });

    it("leaveAll takes it out of every room, its own too", async () => {
      const server = await stage.serve();
      const { client, socket } = await stage.pair(server, "/a");
      await socket.join(["x", "y", "7"]);
      (socket as unknown as LeavesAll).leaveAll();
      expect([socket.rooms.size, socket.nsp.adapter.rooms.size, socket.connected]).toEqual([0, 0, true]);
      for (const room of ["x", "y", "7", socket.id]) server.io.of("/a").to(room).emit("to a room", room);
      socket.emit("to itself");
      await client.next("to itself");
      expect(client.all("to a room")).toEqual([]);
      await socket.join("x");
      expect([...socket.rooms]).toEqual(["x"]);
      server.io.of("/b").use((entering, proceed) => {
        entering.join("early");
        (entering as unknown as LeavesAll).leaveAll();
        proceed();
      });
      const { socket: other } = await stage.pair(server, "/b");
      expect([...other.rooms]).toEqual([other.id]);
    });

    describe("a plug-in that replaces socket.onevent", () => {
      type Packet = { type: number; nsp: string; id?: number; data: unknown[] };
      type Patched = { onevent(packet: Packet): void; ack(id: number): () => void };

      it("sees every packet, and goes on with the one before", async () => {
        const server = await stage.serve();
        const seen: unknown[] = [];
        server.io.of("/a").use((socket, proceed) => {
          const patched = socket as unknown as Patched;
          const before = patched.onevent;
          patched.onevent = function (packet) {
            seen.push([this === patched, packet.type, packet.nsp, typeof packet.id, ...packet.data]);
            if (packet.data[0] === "later") setTimeout(() => before.call(this, packet));
            else if (packet.data[0] !== "kept") before.call(this, packet);
          };
          proceed();
        });
        const { client, socket } = await stage.pair(server, "/a");
        // Nobody listens: the plug-in sees it all the same.
        client.socket.emit("first", 1);
        await eventually(() => seen.length === 1, "it was seen");
        socket.on("says", (value, answer) => answer([value]));
        socket.on("later", (answer) => answer("later"));
        socket.on("kept", () => void seen.push("kept"));
        client.socket.emit("kept");
        expect(await client.socket.timeout(15_000).emitWithAck("says", 2)).toEqual([2]);
        expect(await client.socket.timeout(15_000).emitWithAck("later")).toBe("later");
        expect(seen).toEqual([
          [true, 2, "/a", "undefined", "first", 1],
          [true, 2, "/a", "undefined", "kept"],
          [true, 2, "/a", "number", "says", 2],
          [true, 2, "/a", "number", "later"],
        ]);
      });

      it("emits a `*` beside, as socketio-wildcard does", async () => {
        const server = await stage.serve();
        const { emit } = EventEmitter.prototype;
        function onevent(this: Patched & EventEmitter, packet: Packet): boolean {
          const args = packet.data ?? [];
          if (packet.id !== undefined) args.push(this.ack(packet.id));
          emit.call(this, "*", packet);
          return emit.apply(this, args as [string]);
        }
        server.io.of("/a").use((socket, proceed) => {
          (socket as unknown as { onevent: unknown }).onevent = onevent;
          proceed();
        });
        const { client, socket } = await stage.pair(server, "/a");
        const seen: unknown[] = [];
        socket.on("*", ({ data }: Packet) => void seen.push(data[0]));
        socket.on("says", (value, answer) => answer(value));
        client.socket.emit("unheard of");
        expect(await client.socket.timeout(15_000).emitWithAck("says", 2)).toBe(2);
        expect(seen).toEqual(["unheard of", "says"]);
      });

      if (!reach.name.startsWith("npm")) {
        it("is told of what would not be called", async () => {
          const { io } = await stage.serve();
          const { socket } = await stage.pair(await stage.serve(), "/a");
          for (const [title, object, names] of [
            ["socket", socket, ["packet", "dispatch", "run", "_onpacket", "onack", "_onclose", "onclose"]],
            ["adapter", socket.nsp.adapter, ["broadcast", "addAll", "del", "delAll", "close"]],
            ["namespace", socket.nsp, ["run", "_add", "_remove"]],
            ["client", socket.client, ["ondata", "_packet", "writeToEngine"]],
            ["conn", socket.conn, ["send", "write", "onPacket"]],
            ["io", io, ["onconnection", "_checkNamespace"]],
          ] as const) {
            for (const name of names) {
              expect(() => Reflect.set(object, name, () => {})).toThrow(
                `${title}.${name} cannot be replaced`,
              );
              // What is looked for is not there, as before.
              expect(Reflect.get(object, name)).toBeUndefined();
            }
          }
        });
      }
    });

    for (const [how, delay] of [
      ["at once", undefined],
      ["a turn later", 0],
      ["while it upgrades", 2],
      ["perhaps when it has upgraded", 8],
    ] as const) {
      it(`a client that is sent away ${how} hears what was said before, and that it is to stay away`, async () => {
        const server = await stage.serve();
        server.io.of("/a").on("connection", (socket) => {
          const sendAway = () => {
            socket.emit("why", "banned");
            socket.disconnect(true);
          };
          if (delay === undefined) sendAway();
          else setTimeout(sendAway, delay);
        });
        const client = stage.client(server, "/a", { transports: ["polling", "websocket"] });
        const heard: unknown[] = [];
        client.socket.on("connect", () => void heard.push("connect"));
        client.socket.on("why", (why) => void heard.push(why));
        const gone = next<string>(client.socket, "disconnect");
        client.socket.connect();
        expect([await gone, heard]).toEqual(["io server disconnect", ["connect", "banned"]]);
        await eventually(() => server.io.engine.clientsCount === 0, "its connection is gone");
      });
    }

    it("conn is what the sockets of one client share", async () => {
      const server = await stage.serve();
      const { client, socket } = await stage.pair(server, "/a");
      const beside = next<Socket>(server.io.of("/b"), "connection");
      await stage.beside(client, "/b", { other: true });
      const other = await beside;
      expect([other.conn === socket.conn, other.request === socket.request]).toEqual([true, true]);
      expect((socket.conn as any).id).toBe(client.socket.io.engine.id);
      expect([socket.conn.transport.name, (socket.conn as any).upgraded]).toEqual([reach.transport, false]);
      expect(socket.conn.remoteAddress).toBe(socket.handshake.address);
      expect([socket.handshake.auth, other.handshake.auth]).toEqual([{}, { other: true }]);
      expect([socket.conn.readyState, socket.client.conn === socket.conn]).toEqual(["open", true]);
      const closed = within(
        new Promise<unknown[]>((resolve) => {
          socket.conn.once("close", (reason) => resolve([reason, socket.connected, other.connected]));
        }),
        "close",
      );
      client.socket.io.engine.close();
      expect(await closed).toEqual(["transport close", false, false]);
      expect(socket.conn.readyState).toBe("closed");
    });

    it("conn tells of the upgrade from polling to WebSocket", async () => {
      const server = await stage.serve();
      server.io.of("/a").on("connection", (socket) => {
        if (socket.conn.transport.name === "websocket") socket.emit("upgraded", "before");
        socket.conn.on("upgrade", (transport: { name: string }) => socket.emit("upgraded", transport.name));
      });
      const client = await stage.connect(server, "/a", { transports: ["polling", "websocket"] });
      expect(["websocket", "before"]).toContain(await client.next("upgraded"));
      const [socket] = await server.io.of("/a").fetchSockets();
      const { conn } = socket as unknown as { conn: { transport: { name: string }; upgraded: boolean } };
      expect([conn.transport.name, conn.upgraded]).toEqual(["websocket", true]);
    });

    it("data is the program's own", async () => {
      const server = await stage.serve();
      const { socket } = await stage.pair(server, "/a");
      expect(socket.data).toEqual({});
      socket.data.name = "ada";
      const [fetched] = await server.io.of("/a").fetchSockets();
      expect([fetched!.data, fetched!.id]).toEqual([{ name: "ada" }, socket.id]);
      (socket as any).data = { other: 1 };
      expect(server.io.of("/a").sockets.get(socket.id)!.data).toEqual({ other: 1 });
    });

    const ends: [string, string, (socket: Socket, client: any) => unknown][] = [
      ["the client leaves the namespace", "client namespace disconnect", (_, client) => client.disconnect()],
      ["the client's connection closes", "transport close", (_, client) => client.io.engine.close()],
      ["disconnect()", "server namespace disconnect", (socket) => socket.disconnect()],
      ["disconnect(true)", "server namespace disconnect", (socket) => socket.disconnect(true)],
      ["disconnectSockets", "server namespace disconnect", ({ nsp }) => nsp.disconnectSockets()],
      ["conn.close()", "forced close", ({ conn }) => conn.close()],
      [
        "what is no packet",
        "parse error|forced close|transport error",
        (_, client) => client.io.engine.write("9?"),
      ],
    ];
    for (const [how, reason, end, nsp] of ends.flatMap((each) =>
      NAMESPACES.map((nsp) => [...each, nsp] as const),
    )) {
      it(`in ${nsp} ends by ${how}: disconnecting in its rooms, then disconnect without, each told once`, async () => {
        const server = await stage.serve();
        const { client, socket } = await stage.pair(server, nsp);
        socket.join("room");
        const seen: unknown[] = [];
        for (const event of ["disconnecting", "disconnect"] as const) {
          socket.on(event, (why) => {
            const { connected, disconnected, rooms } = socket;
            seen.push([event, why, connected, disconnected, [...rooms]]);
            socket.join("too late");
            // npm's calls itself without end when this is done before.
            if (event === "disconnect") socket.disconnect(true);
          });
        }
        const over = next<string>(socket, "disconnect");
        end(socket, client.socket);
        expect(await over).toMatch(new RegExp(`^(${reason})$`));
        await client.disconnected();
        const why = await over;
        expect(seen).toEqual([
          ["disconnecting", why, true, false, [socket.id, "room"]],
          ["disconnect", why, false, true, []],
        ]);
        expect([socket.rooms.size, server.io.of(nsp).sockets.size]).toEqual([0, 0]);
        expect([...server.io.of(nsp).adapter.rooms.keys()]).toEqual([]);
      });
    }

    for (const nsp of NAMESPACES) {
      it(`in ${nsp} one that was only fetched is told of what comes: events, its end, and where it is`, async () => {
        const server = await stage.serve();
        const client = await stage.connect(server, server.io.of(nsp).name);
        const [fetched] = (await server.io.of(nsp).fetchSockets()) as unknown as [Socket];
        expect(server.io.of(nsp).sockets.get(client.socket.id!)).toBe(fetched);
        fetched.on("asks", (answer) => answer([...fetched.rooms].length));
        fetched.join("room");
        expect(await client.ask("asks")).toBe(2);
        const seen: unknown[] = [];
        fetched.on("disconnecting", (reason) => void seen.push([reason, fetched.rooms.has("room")]));
        const over = next(fetched, "disconnect");
        client.socket.io.engine.close();
        await over;
        expect([seen, fetched.connected]).toEqual([[["transport close", true]], false]);
      });

      it(`in ${nsp} what a listener does to others happens at once, and is told of each`, async () => {
        const server = await stage.serve();
        const namespace = server.io.of(nsp);
        const seen: string[] = [];
        const others = [await stage.pair(server, nsp), await stage.pair(server, nsp)];
        for (const [i, { socket }] of others.entries()) {
          socket.on("disconnect", () => void seen.push(`other ${i} ended`));
        }
        namespace.on("connection", (socket) => {
          socket.on("disconnect", () => void seen.push("ended itself"));
          socket.join("mine");
          others[0]!.socket.join("mine");
          socket.to("mine").emit("in mine");
          socket.except("mine").emit("not in mine");
          namespace.except(socket.id).disconnectSockets();
          seen.push(`${namespace.sockets.size} ${others.map((other) => other.socket.connected)}`);
          socket.disconnect();
          seen.push(`${namespace.sockets.size} ${socket.connected}`);
        });
        const last = await stage.connect(server, nsp);
        await last.disconnected();
        for (const { client } of others) await client.disconnected();
        expect(seen.filter((entry) => !entry.includes("ended"))).toEqual(["1 false,false", "0 false"]);
        await eventually(() => seen.length === 5, "each end was told");
        expect(seen.toSorted().slice(2)).toEqual(["ended itself", "other 0 ended", "other 1 ended"]);
        const heard = others.map(({ client }) => client.received.map(({ event }) => event).at(-1));
        expect(heard).toEqual(["in mine", "not in mine"]);
      });
    }

    it("disconnect() ends the one socket at once, disconnect(true) all of its connection", async () => {
      const server = await stage.serve();
      const { client, socket } = await stage.pair(server, "/a");
      const beside = next<Socket>(server.io.of("/b"), "connection");
      const besideClient = await stage.beside(client, "/b");
      const other = await beside;
      const seen: string[] = [];
      socket.on("disconnect", (why) => void seen.push(`/a ${why}`));
      other.on("disconnect", (why) => void seen.push(`/b ${why}`));
      expect(socket.disconnect()).toBe(socket);
      expect(seen).toEqual(["/a server namespace disconnect"]);
      await client.disconnected();
      const again = next<Socket>(server.io.of("/a"), "connection");
      await connected(client.socket);
      (await again).on("disconnect", (why) => void seen.push(`/a again ${why}`));
      const [gone, alsoGone] = [next(client.socket, "disconnect"), next(besideClient, "disconnect")];
      other.disconnect(true);
      expect(await Promise.all([gone, alsoGone])).toEqual(Array(2).fill("io server disconnect"));
      expect(seen.slice(1).toSorted()).toEqual([
        "/a again server namespace disconnect",
        "/b server namespace disconnect",
      ]);
    });

    it("a client that missed its pings is gone, by ping timeout", async () => {
      const server = await stage.serve({ pingInterval: 300, pingTimeout: 1_500 });
      const { client, socket } = await stage.pair(server, "/a");
      const over = next<string>(socket, "disconnect");
      for (const method of ["sendPacket", "_sendPacket"]) (client.socket.io.engine as any)[method] = () => {};
      expect(await over).toBe("ping timeout");
    });
  });
}
