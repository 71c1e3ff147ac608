import type { Socket } from "socket.io";
import { describe, expect, it } from "vitest";
import { eventually, gate } from "../support/deadline.js";
import type { Reach } from "../support/io.js";
import { connected, nextConnection, useIo } from "../support/io-stage.js";

/** Namespaces that are there because a RegExp or a function says so. */
export function ioDynamic(reach: Reach): void {
  describe(`io, dynamic namespaces (${reach.name})`, () => {
    const stage = useIo(reach);

    it("100 namespaces matched by a RegExp, on one connection", async () => {
      const server = await stage.serve();
      const rooms = server.io.of(/^\/room-\d+$/);
      const made: string[] = [];
      server.io.on("new_namespace", ({ name }) => void made.push(name));
      rooms.on("connection", (socket) => {
        socket.join("all");
        socket.on("where", (answer) => answer(socket.nsp.name));
      });
      const names = Array.from({ length: 100 }, (_, i) => `/room-${i}`);
      const client = await stage.connect(server, names[0]);
      const others = await Promise.all(names.slice(1).map((name) => stage.beside(client, name)));
      expect(made.toSorted()).toEqual(names.toSorted());
      const sockets = [client.socket, ...others];
      expect(await Promise.all(sockets.map((socket) => socket.emitWithAck("where")))).toEqual(names);
      let heard = 0;
      for (const socket of sockets) socket.on("to all", () => heard++);
      rooms.to("all").emit("to all");
      rooms.emit("fence");
      await client.next("fence");
      await Promise.all(sockets.map((socket) => socket.emitWithAck("where")));
      expect(heard).toBe(100);
      await expect(stage.connect(server, "/room-x")).rejects.toThrow("Invalid namespace");
      expect(made.length).toBe(100);
    });

    it("a namespace made by name belongs to the RegExp that matches", async () => {
      const server = await stage.serve();
      const seen: string[] = [];
      server.io.of(/^\/room-/).use((socket, next) => {
        seen.push(`guarded ${socket.nsp.name}`);
        next();
      });
      const parent = server.io.of(/^\/other-/).on("connection", () => void seen.push("of another"));
      server.io.of("/room-1").on("connection", (socket) => void seen.push(`connected ${socket.nsp.name}`));
      await stage.connect(server, "/room-1");
      expect(seen).toEqual(["guarded /room-1", "connected /room-1"]);
      expect(parent).not.toBe(server.io.of("/other-1"));
    });

    it("children get what their parent has when they are made, and no more", async () => {
      const server = await stage.serve();
      const seen: string[] = [];
      const parent = server.io.of(/^\/room-/);
      parent.on("connection", ({ nsp }) => void seen.push(`first ${nsp.name}`));
      await stage.connect(server, "/room-1");
      parent.on("connection", ({ nsp }) => void seen.push(`second ${nsp.name}`));
      parent.use(({ nsp }, next) => {
        seen.push(`guard ${nsp.name}`);
        next();
      });
      await stage.connect(server, "/room-1");
      await stage.connect(server, "/room-2");
      expect(seen).toEqual([
        "first /room-1",
        "first /room-1",
        "guard /room-2",
        "first /room-2",
        "second /room-2",
      ]);
    });

    it("functions are asked in turn, with the auth of the client, and may take their time", async () => {
      const server = await stage.serve();
      const asked: unknown[] = [];
      const { opened, open } = gate();
      server.io.of((name, auth, next) => {
        asked.push(["first", name, auth]);
        void opened.then(() => next(null, false));
      });
      server.io.of((name, _, next) => next(name === "/bad" ? new Error("no") : null, name === "/bad"));
      server.io
        .of((name, auth, next) => {
          asked.push(["last", name]);
          next(null, auth["key"] === "right");
        })
        .on("connection", (socket) => void socket.emit("hello"));
      const [wrong, bad, right] = ["wrong", "right", "right"].map((key, i) =>
        stage.client(server, ["/x", "/bad", "/x"][i], { auth: { key } }),
      );
      const outcomes = Promise.allSettled([right!, bad!, wrong!].map(({ socket }) => connected(socket)));
      await eventually(() => asked.length === 3, "three were asked about");
      open();
      expect((await outcomes).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
      await right!.next("hello");
      expect(asked.length).toBe(6);
      expect(asked).toContainEqual(["first", "/x", { key: "wrong" }]);
    });

    it("two who wait for one name get into one namespace", async () => {
      const server = await stage.serve();
      const made: string[] = [];
      const asked: (() => void)[] = [];
      const sockets: Socket[] = [];
      server.io.on("new_namespace", ({ name }) => void made.push(name));
      server.io
        .of((_name, _auth, next) => void asked.push(() => next(null, true)))
        .on("connection", (socket) => void sockets.push(socket));
      const clients = [stage.client(server, "/both"), stage.client(server, "/both")];
      const both = clients.map(({ socket }) => connected(socket));
      await eventually(() => asked.length === 2, "both were asked about");
      for (const allow of asked) allow();
      await Promise.all(both);
      expect([made, sockets.length, sockets[0]!.nsp === sockets[1]!.nsp]).toEqual([["/both"], 2, true]);
      expect(server.io.of("/both").sockets.size).toBe(2);
    });

    it("a parent has no sockets of its own to fetch", async () => {
      const { io } = await stage.serve();
      expect(() => io.of(/x/).fetchSockets()).toThrow("not supported on parent namespaces");
    });

    it("what a parent's operators do, they do in each child", async () => {
      const server = await stage.serve();
      const parent = server.io.of(/^\/room-/);
      const one = await stage.pair(server, "/room-1");
      const two = await stage.pair(server, "/room-2");
      const other = await stage.pair(server, "/room-2");
      one.socket.join("x");
      two.socket.join("x");
      parent.to("x").emit("hello", 1);
      parent.except("x").emit("bye");
      parent.to("x").except(two.socket.id).emit("alone");
      parent.emit("fence");
      for (const { client } of [one, two, other]) await client.next("fence");
      const heard = [one, two, other].map(({ client }) => client.received.map(({ event }) => event));
      expect(heard).toEqual([
        ["hello", "alone", "fence"],
        ["hello", "fence"],
        ["bye", "fence"],
      ]);
    });

    it("a parent's acknowledgements are those of all its children, told once", async () => {
      const server = await stage.serve();
      const parent = server.io.of(/^\/room-/);
      // npm's asks nobody here.
      if (reach.name.startsWith("npm")) return;
      const bystander = await stage.connect(server);
      bystander.socket.on("asks", (answer) => answer("bystander"));
      expect(await parent.timeout(5_000).emitWithAck("asks")).toEqual([]);
      expect([parent.sockets.size, (await parent.allSockets()).size, parent.adapter.rooms.size]).toEqual([
        0, 0, 0,
      ]);
      const names = ["/room-1", "/room-2", "/room-2"];
      const clients = await Promise.all(names.map((name) => stage.connect(server, name)));
      for (const [i, { socket }] of clients.entries()) socket.on("asks", (answer) => answer(i));
      expect((await parent.timeout(5_000).emitWithAck("asks")).toSorted()).toEqual([0, 1, 2]);
      clients[0]!.socket.off("asks");
      const outcomes: any[] = [];
      parent.timeout(1_000).emit("asks", (...outcome: unknown[]) => void outcomes.push(outcome));
      await eventually(() => outcomes.length > 0, "the timeout");
      expect([outcomes.length, outcomes[0][0].message]).toEqual([1, "operation has timed out"]);
      expect(outcomes[0][1].toSorted()).toEqual([1, 2]);
      await expect((parent as any).emitWithAck("asks nobody")).rejects.toThrow("timed out");
      expect((await parent.allSockets()).size).toBe(3);
    });

    it("a client comes back to a namespace that a function allowed", async () => {
      const server = await stage.serve();
      server.io.of((_name, _auth, next) => next(null, true));
      for (let round = 0; round < 3; round++) {
        const client = stage.client(server, "/back");
        await connected(client.socket);
        expect(server.io.of("/back").sockets.size).toBe(1);
        client.close();
        await eventually(() => server.io.of("/back").sockets.size === 0, "it is empty");
      }
      const socket = nextConnection(server.io.of("/back"));
      await stage.connect(server, "/back");
      expect((await socket).nsp.name).toBe("/back");
    });
  });
}
