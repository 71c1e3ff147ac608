import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import type { TestClient } from "../support/client.js";
import { eventually } from "../support/deadline.js";
import type { Reach, ServedIo } from "../support/io.js";
import { connected, next, useIo } from "../support/io-stage.js";

/** Namespaces that go with their last socket, and a server that closes and listens again. */
export function ioComingsAndGoings(reach: Reach): void {
  describe(`io, comings and goings (${reach.name})`, () => {
    const stage = useIo(reach);

    describe("with cleanupEmptyChildNamespaces", () => {
      async function serving() {
        const server = await stage.serve({ cleanupEmptyChildNamespaces: true });
        const made: string[] = [];
        server.io.on("new_namespace", ({ name }) => void made.push(name));
        return { ...server, made };
      }

      for (const listens of [true, false]) {
        it(`a child goes with its last socket, ${listens ? "with" : "without"} listeners, and comes back with the next`, async () => {
          const server = await serving();
          const parent = server.io.of(/^\/room-/);
          if (listens) parent.on("connection", (socket) => void socket.on("n", () => {}));
          const clients: TestClient[] = [];
          for (let i = 0; i < 3; i++) clients.push(await stage.connect(server, "/room-1"));
          const { children } = parent as unknown as { children: Set<unknown> };
          for (const client of clients) {
            expect(children.size).toBe(1);
            client.close();
          }
          await eventually(() => children.size === 0, "it is gone");
          expect(server.made).toEqual(["/room-1"]);
          await connected(clients[0]!.socket);
          parent.emit("hello");
          await clients[0]!.next("hello");
          expect([server.made, children.size]).toEqual([["/room-1", "/room-1"], 1]);
        });
      }

      if (!reach.name.startsWith("npm")) {
        it("a child goes where middleware never went on, when its time is over", async () => {
          const server = await stage.serve({
            cleanupEmptyChildNamespaces: true,
            limits: { hookTimeout: 100 },
          });
          const parent = server.io.of(/^\/room-/);
          const { children } = parent as unknown as { children: Set<unknown> };
          const sizes: number[] = [];
          let late: (() => void) | undefined;
          parent.use((_, proceed) => {
            sizes.push(children.size);
            late = proceed;
          });
          const { data } = await stage.client(server, "/room-1").refusal();
          expect([sizes, data]).toEqual([[1], { code: "OVERLOADED" }]);
          await eventually(() => children.size === 0, "it is gone");
          late?.();
          expect(children.size).toBe(0);
        });
      }

      it("a child goes where middleware refused the only one, and stays where somebody is in it", async () => {
        const server = await serving();
        const parent = server.io.of(/^\/room-/);
        parent.use((socket, proceed) => proceed(socket.handshake.auth["ok"] ? undefined : new Error("no")));
        const { children } = parent as unknown as { children: Set<unknown> };
        const refused = () => stage.client(server, "/room-1").refusal();
        await refused();
        await eventually(() => children.size === 0, "it is gone");
        const member = await stage.connect(server, "/room-1", { auth: { ok: true } });
        await refused();
        expect([children.size, server.io.of("/room-1").sockets.size]).toEqual([1, 1]);
        member.close();
        await eventually(() => children.size === 0, "it is gone again");
        expect(server.made).toEqual(["/room-1", "/room-1"]);
      });

      it("clients that come and go all the time always get into one that works", async () => {
        const server = await serving();
        server.io.of(/^\/room-/).on("connection", (socket) => {
          socket.on("asks", (answer) => answer(socket.nsp === server.io.of("/room-1")));
        });
        const comeAndGo = async () => {
          for (let round = 0; round < 15; round++) {
            const client = await stage.connect(server, "/room-1");
            expect(await client.ask("asks")).toBe(true);
            client.close();
          }
        };
        await Promise.all(Array.from({ length: 6 }, comeAndGo));
      });

      it("what has no parent stays", async () => {
        const server = await serving();
        server.io.of(/^\/room-/);
        const { client, socket } = await stage.pair(server, "/own");
        const over = next(socket, "disconnect");
        client.close();
        await over;
        await connected(client.socket);
        expect(server.made).toEqual(["/own"]);
      });
    });

    it("after close the same server listens again: namespaces, listeners and middleware stay", async () => {
      const server = await stage.serve();
      const { io } = server;
      const seen: string[] = [];
      io.use((_, proceed) => {
        seen.push("middleware");
        proceed();
      });
      io.on("connection", (socket) => {
        seen.push("connection");
        socket.on("disconnect", (reason) => void seen.push(reason));
      });
      const client = await stage.connect(server);
      client.socket.on("asks late", () => {});
      const [socket] = [...io.sockets.sockets.values()];
      const lost: unknown[] = [];
      socket!.emit("asks late", () => void lost.push("answered"));
      const timed = socket!.timeout(200).emitWithAck("asks late");
      timed.catch(() => {});
      await io.close();
      await client.disconnected();
      expect([io.sockets.sockets.size, socket!.connected]).toEqual([0, false]);
      io.emit("to nobody");
      io.listen(0);
      const { port } = io.httpServer.address() as { port: number };
      const again = await stage.connect({ ...server, url: `http://127.0.0.1:${port}` });
      again.socket.on("asks", (answer) => answer("new"));
      const answers = Array.from({ length: 5 }, () => io.timeout(5_000).emitWithAck("asks"));
      await expect(timed).rejects.toThrow("timed out");
      expect(await Promise.all(answers)).toEqual(Array(5).fill(["new"]));
      expect([seen, lost]).toEqual([
        ["middleware", "connection", "server shutting down", "middleware", "connection"],
        [],
      ]);
    });

    it("an http server that listens again after its close serves as before", async () => {
      const { io } = await stage.serve();
      await io.close();
      const http = createServer();
      io.attach(http);
      const seen: string[] = [];
      io.use((_, proceed) => proceed());
      io.of("/a").on("connection", (socket) => {
        seen.push(socket.nsp.name);
        socket.on("asks", (answer) => answer("told"));
      });
      for (const round of [1, 2, 3]) {
        await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
        const url = `http://127.0.0.1:${(http.address() as { port: number }).port}`;
        const client = await stage.connect({ url } as ServedIo, "/a");
        expect(await client.socket.timeout(5_000).emitWithAck("asks")).toBe("told");
        io.of("/a").emit("hello", round);
        expect(await client.next("hello")).toBe(round);
        const gone = client.disconnected();
        if (round === 1) await io.close();
        else {
          io.of("/a").disconnectSockets(true);
          await new Promise((resolve) => http.close(resolve));
        }
        await gone;
      }
      expect(seen).toEqual(["/a", "/a", "/a"]);
    });

    it("what was decided for a client of before the close lets in nobody after it", async () => {
      const server = await stage.serve();
      const { io } = server;
      const pending: (() => void)[] = [];
      io.of("/a").use((_, proceed) => void pending.push(proceed));
      const early = stage.client(server, "/a");
      early.socket.connect();
      await eventually(() => pending.length === 1, "its middleware runs");
      await io.close();
      io.listen(0);
      const { port } = io.httpServer.address() as { port: number };
      const late = stage.client({ ...server, url: `http://127.0.0.1:${port}` }, "/a");
      const outcome = connected(late.socket);
      await eventually(() => pending.length === 2, "the other's middleware runs");
      pending[0]!();
      io.of("/b");
      await stage.connect({ ...server, url: `http://127.0.0.1:${port}` }, "/b");
      expect([io.of("/a").sockets.size, late.socket.connected]).toEqual([0, false]);
      pending[1]!();
      await outcome;
    });
  });
}
