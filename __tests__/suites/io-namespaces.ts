import { EventEmitter, once } from "node:events";
import type { Socket } from "socket.io";
import { describe, expect, it } from "vitest";
import { eventually, within } from "../support/deadline.js";
import type { Reach } from "../support/io.js";
import { connected, next, useIo } from "../support/io-stage.js";

/** Namespaces that a program names. */
export function ioNamespaces(reach: Reach): void {
  describe(`io, namespaces (${reach.name})`, () => {
    const stage = useIo(reach);

    it("of makes a namespace once, with its slash, and tells new_namespace", async () => {
      const { io } = await stage.serve();
      const made: string[] = [];
      io.on("new_namespace", (namespace) => void made.push(namespace.name));
      const chat = io.of("chat");
      expect([chat.name, io.of("/chat") === chat, io.of("") === io.sockets, io.of("/").name]).toEqual([
        "/chat",
        true,
        true,
        "/",
      ]);
      io.of("//two");
      expect(made).toEqual(["/chat", "//two"]);
    });

    it("the server, namespaces and sockets are Node's EventEmitters; the server's listeners are those of /", async () => {
      const server = await stage.serve();
      const { io } = server;
      const coming = once(io, "connection");
      const { socket } = await stage.pair(server, "/");
      expect(await within(coming, "events.once")).toEqual([socket]);
      for (const emitter of [io, io.sockets, io.of("/a"), socket, io.sockets.adapter]) {
        expect(emitter).toBeInstanceOf(EventEmitter);
        emitter.setMaxListeners(7);
        expect(emitter.getMaxListeners()).toBe(7);
      }
      io.setMaxListeners(8);
      expect(io.sockets.getMaxListeners()).toBe(8);
      const heard: string[] = [];
      for (const add of ["on", "addListener", "once", "prependListener", "prependOnceListener"] as const)
        (io as EventEmitter)[add]("new_namespace", () => void heard.push(add));
      expect([io.listenerCount("new_namespace"), EventEmitter.listenerCount(io, "new_namespace")]).toEqual([
        5, 5,
      ]);
      expect(io.listeners("new_namespace")).toEqual(io.sockets.listeners("new_namespace"));
      expect([io.rawListeners("new_namespace").length, io.eventNames()]).toEqual([
        5,
        io.sockets.eventNames(),
      ]);
      io.of("/b");
      io.of("/c");
      const always = ["prependListener", "on", "addListener"];
      expect(heard).toEqual(["prependOnceListener", ...always, "once", ...always]);
      io.removeAllListeners("new_namespace");
      expect(io.sockets.listenerCount("new_namespace")).toBe(0);
      expect([io.sockets.server, io.of("/a").server]).toEqual([io, io]);
    });

    it("a client gets into the namespace it names, and no other", async () => {
      const server = await stage.serve();
      const seen: string[] = [];
      for (const name of ["/", "/chat", "/news"]) {
        server.io.of(name).on("connection", (socket) => void seen.push(`${name} ${socket.nsp.name}`));
      }
      const { client, socket } = await stage.pair(server, "/chat");
      expect(client.socket.id).toBe(socket.id);
      const news = await stage.beside(client, "/news");
      expect(news.id).not.toBe(client.socket.id);
      const ids = async (name: string) => [...(await server.io.of(name).allSockets())];
      expect([await ids("/"), await ids("/chat"), await ids("/news")]).toEqual([[], [socket.id], [news.id]]);
      await eventually(() => seen.length === 2, "both are told");
      expect(seen).toEqual(["/chat /chat", "/news /news"]);
    });

    it("connect and then connection are told, behind what the client is told", async () => {
      const server = await stage.serve();
      const seen: string[] = [];
      const told = (event: string) => (socket: Socket) => {
        seen.push(event);
        socket.emit("told", event);
      };
      server.io.of("/a", told("listener of `of`"));
      server.io.of("/a").on("connection", told("connection"));
      server.io.of("/a").on("connect", told("connect"));
      const client = await stage.connect(server, "/a");
      await client.next("told", (event) => event === "connection");
      expect(seen).toEqual(["listener of `of`", "connect", "connection"]);
      expect(client.all("told")).toEqual(seen);
    });

    it("a name that nobody knows is refused, and the rest of the connection goes on", async () => {
      const server = await stage.serve();
      server.io.of("/known");
      const client = await stage.connect(server, "/known");
      const stranger = client.socket.io.socket("/unknown", {});
      await expect(connected(stranger)).rejects.toThrow("Invalid namespace");
      server.io.of("/known").emit("still here", 1);
      expect(await client.next("still here")).toBe(1);
      server.io.of("/unknown");
      await connected(stranger);
      stranger.disconnect();
    });

    it("a namespace may be named like anything in JavaScript", async () => {
      const server = await stage.serve();
      for (const name of ["/__proto__", "/constructor", "/toString", "/hasOwnProperty", "/é☃", "/a/b/c"]) {
        await expect(stage.connect(server, name)).rejects.toThrow("Invalid namespace");
        const { client, socket } = await stage.pair(server, name);
        server.io.of(name).emit("hello", name);
        expect(await client.next("hello")).toBe(name);
        expect(socket.nsp).toBe(server.io.of(name));
      }
    });

    it("sockets is a Map that is always as it is", async () => {
      const server = await stage.serve();
      const { sockets } = server.io.of("/a");
      expect([sockets instanceof Map, sockets.size]).toEqual([true, 0]);
      const one = await stage.pair(server, "/a");
      const two = await stage.pair(server, "/a");
      const [first, second] = [one.socket, two.socket];
      expect([...sockets.keys()]).toEqual([first.id, second.id]);
      expect([...sockets.values()]).toEqual([first, second]);
      expect([...sockets].map(([id, socket]) => [id, socket === sockets.get(id)])).toEqual([
        [first.id, true],
        [second.id, true],
      ]);
      const visited: string[] = [];
      sockets.forEach((socket, id, map) => void visited.push(`${socket.id === id} ${map === sockets}`));
      expect([visited, sockets.has(first.id), sockets.has("x"), sockets.get("x"), sockets.size]).toEqual([
        ["true true", "true true"],
        true,
        false,
        undefined,
        2,
      ]);
      const gone = next(first, "disconnect");
      one.client.close();
      await gone;
      expect([sockets.size, sockets.has(first.id), [...sockets.keys()]]).toEqual([1, false, [second.id]]);
    });

    it("adapter shows who is in which room", async () => {
      const server = await stage.serve();
      const { socket } = await stage.pair(server, "/a");
      const { adapter } = server.io.of("/a");
      socket.join(["x", "y"]);
      expect([...adapter.rooms.keys()].sort()).toEqual([socket.id, "x", "y"].sort());
      expect(adapter.sids.get(socket.id)).toEqual(new Set([socket.id, "x", "y"]));
      socket.leave("x");
      expect([adapter.rooms.has("x"), adapter.rooms.get("y")]).toEqual([false, new Set([socket.id])]);
    });

    it("adapter tells what becomes of rooms, as long as somebody listens", async () => {
      const server = await stage.serve();
      const namespace = server.io.of("/a");
      const told: string[] = [];
      const take = () => told.splice(0);
      const listen = (event: "create-room" | "join-room" | "leave-room" | "delete-room") => {
        namespace.adapter.on(event, (room: string, id?: string) => {
          told.push([event, room, id].filter((part) => part !== undefined).join(" "));
        });
      };
      for (const event of ["create-room", "join-room", "leave-room", "delete-room"] as const) listen(event);
      const one = await stage.pair(server, "/a");
      const { id } = one.socket;
      expect(take()).toEqual([`create-room ${id}`, `join-room ${id} ${id}`]);
      one.socket.join(["x", "y", "x"]);
      expect(take()).toEqual(["create-room x", `join-room x ${id}`, "create-room y", `join-room y ${id}`]);
      const two = await stage.pair(server, "/a");
      take();
      two.socket.join("x");
      namespace.in("y").socketsLeave("x");
      expect(take()).toEqual([`join-room x ${two.socket.id}`, `leave-room x ${id}`]);
      two.socket.leave("x");
      two.socket.leave("x");
      expect(take()).toEqual([`leave-room x ${two.socket.id}`, "delete-room x"]);
      one.socket.leave(id);
      one.socket.join(id);
      expect(take()).toEqual([
        ...[`leave-room ${id} ${id}`, `delete-room ${id}`],
        ...[`create-room ${id}`, `join-room ${id} ${id}`],
      ]);
      one.socket.on("disconnecting", () => told.push("disconnecting"));
      one.client.close();
      await eventually(() => told.includes(`leave-room y ${id}`) && told.length >= 5, "its rooms to end");
      expect(told[0]).toBe("disconnecting");
      expect(take().slice(1).toSorted()).toEqual(
        [`delete-room ${id}`, "delete-room y", `leave-room ${id} ${id}`, `leave-room y ${id}`].toSorted(),
      );
      namespace.adapter.removeAllListeners();
      two.socket.join("z");
      listen("leave-room");
      two.socket.leave("z");
      expect(take()).toEqual([`leave-room z ${two.socket.id}`]);
    });

    if (!reach.name.startsWith("npm"))
      it("adapter() is what makes the adapters, and takes no other", async () => {
        const { io } = await stage.serve();
        const Adapter = io.adapter()!;
        expect(io.of("/a").adapter).toBeInstanceOf(Adapter);
        expect(io.adapter(Adapter)).toBe(io);
        try {
          io.adapter((() => ({})) as never);
          throw new Error("nothing was thrown");
        } catch (error) {
          expect(error).toMatchObject({ name: "DialogueError", code: "INVALID_CONFIG" });
          expect((error as Error).message).toMatch(/adapter.*no cluster/);
        }
      });

    it("what several namespaces carry on one connection stays apart, and ends together", async () => {
      const server = await stage.serve();
      const names = ["/a", "/b", "/c"];
      const sockets: Socket[] = [];
      for (const name of names) server.io.of(name).on("connection", (socket) => void sockets.push(socket));
      const client = await stage.connect(server, "/a");
      const heard: string[] = [];
      client.socket.on("hello", (name) => void heard.push(`/a ${name}`));
      for (const name of ["/b", "/c"]) {
        const socket = await stage.beside(client, name);
        socket.on("hello", (said) => void heard.push(`${name} ${said}`));
      }
      for (const name of names) server.io.of(name).emit("hello", name);
      server.io.of("/a").emit("fence");
      await client.next("fence");
      expect(heard).toEqual(["/a /a", "/b /b", "/c /c"]);
      expect(new Set(sockets.map(({ conn }) => conn)).size).toBe(1);
      const ended = sockets.map((socket) => next<string>(socket, "disconnect"));
      client.socket.io.engine.close();
      expect(await within(Promise.all(ended), "three ends")).toEqual(Array(3).fill("transport close"));
    });
  });
}
