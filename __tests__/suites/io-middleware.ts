import type { Socket } from "socket.io";
import { describe, expect, it } from "vitest";
import { eventually, gate } from "../support/deadline.js";
import type { Reach } from "../support/io.js";
import { connected, next, useIo } from "../support/io-stage.js";
import { RawWebSocket } from "../support/raw-websocket.js";

/** Who gets into a namespace. */
export function ioMiddleware(reach: Reach): void {
  describe(`io, middleware (${reach.name})`, () => {
    const stage = useIo(reach);

    for (const nsp of ["/", "/guarded"]) {
      it(`of ${nsp} refuses with data, which the client's connect_error reads`, async () => {
        const server = await stage.serve();
        const seen: string[] = [];
        const refusal = Object.assign(new Error("not you"), { data: { code: 7, why: ["a", { b: null }] } });
        server.io.of(nsp).use((_, proceed) => proceed(refusal));
        server.io.of(nsp).use((_, proceed) => {
          seen.push("behind the one that refused");
          proceed();
        });
        server.io.of(nsp).on("connection", () => void seen.push("connection"));
        const client = stage.client(server, nsp);
        const { message, data } = await client.refusal();
        expect({ message, data }).toEqual({ message: "not you", data: refusal.data });
        expect([seen, server.io.of(nsp).sockets.size, client.socket.connected]).toEqual([[], 0, false]);
      });

      it(`of ${nsp} runs in order, and what it leaves is there`, async () => {
        const server = await stage.serve();
        const seen: unknown[] = [];
        const namespace = server.io.of(nsp);
        namespace.use((socket, proceed) => {
          const { connected, disconnected, rooms } = socket;
          seen.push({ connected, disconnected, rooms: rooms.size, size: namespace.sockets.size });
          socket.data.user = "ada";
          (socket as any).own = "left on it";
          socket.join(["a", "b"]);
          socket.leave("a");
          (socket.request as any).user = "on the request";
          setImmediate(proceed);
        });
        namespace.use(async (_, proceed) => {
          seen.push("second");
          await Promise.resolve();
          proceed();
        });
        const { socket } = await stage.pair(server, nsp);
        expect(seen).toEqual([{ connected: false, disconnected: true, rooms: 0, size: 0 }, "second"]);
        expect([socket.data, (socket as any).own, [...socket.rooms]]).toEqual([
          { user: "ada" },
          "left on it",
          reach.name.startsWith("npm") ? ["b", socket.id] : [socket.id, "b"],
        ]);
        expect((socket.request as any).user).toBe("on the request");
        expect([socket.connected, namespace.sockets.get(socket.id) === socket]).toEqual([true, true]);
        expect(namespace.sockets.size).toBe(1);
      });
    }

    it("is each namespace's own", async () => {
      const server = await stage.serve();
      const seen: string[] = [];
      const noting = (what: string) => (_: Socket, proceed: () => void) => {
        seen.push(what);
        proceed();
      };
      server.io.use(noting("/ 1")).use(noting("/ 2"));
      server.io.of("/a").use(noting("/a 1")).use(noting("/a 2"));
      await stage.connect(server, "/a");
      expect(seen).toEqual(["/a 1", "/a 2"]);
      await stage.connect(server);
      expect(seen).toEqual(["/a 1", "/a 2", "/ 1", "/ 2"]);
    });

    it("of / holds whatever other namespaces are made", async () => {
      const server = await stage.serve();
      server.io.use((_, proceed) => proceed(new Error("closed")));
      server.io.of(/^\/open-/);
      server.io.of("/named");
      await stage.connect(server, "/open-1");
      await stage.connect(server, "/named");
      await expect(stage.connect(server)).rejects.toThrow("closed");
    });

    it("refuses with whatever is given to next: of what has no message there is none", async () => {
      const server = await stage.serve();
      const given: Record<string, unknown> = {
        text: "text",
        failed: "failed",
        number: 7,
        true: true,
        symbol: Symbol("why"),
        data: { data: { a: 1 } },
        message: { message: "m", data: null },
        "number-message": { message: 5 },
        error: new Error("e"),
      };
      for (const [name, value] of Object.entries(given))
        server.io.of(`/${name}`).use((_, proceed) => proceed(value as Error));
      const { hostname, port } = new URL(server.url);
      const raw = await RawWebSocket.open(hostname, Number(port));
      stage.atEnd(() => raw.destroy());
      await raw.connectNamespace();
      const said: Record<string, string> = {};
      for (const name of Object.keys(given)) {
        raw.send(`40/${name},`);
        said[name] = (await raw.nextStarting(`44/${name},`)).slice(`44/${name},`.length);
      }
      expect(said).toEqual({
        ...{ text: "{}", failed: "{}", number: "{}", true: "{}", symbol: "{}" },
        data: '{"data":{"a":1}}',
        message: '{"message":"m","data":null}',
        "number-message": '{"message":5}',
        error: '{"message":"e"}',
      });
      expect((await stage.client(server, "/text").refusal()).message).toBe("");
      for (const nothing of [undefined, null, false, 0, ""]) {
        const name = `/nothing-${String(nothing)}`;
        server.io.of(name).use((_, proceed) => proceed(nothing as unknown as undefined));
        await stage.connect(server, name);
      }
    });

    it("of a socket tells `error` whatever is given to next", async () => {
      const { client, socket } = await stage.pair(await stage.serve(), "/a");
      const seen: unknown[] = [];
      socket.use((event, proceed) => proceed(event[1]));
      socket.on("error", (error) => void seen.push(error));
      socket.on("says", (value) => void seen.push(["came", value]));
      for (const value of ["text", "failed", 7, true, { a: 1 }, "", 0, null])
        client.socket.emit("says", value);
      await eventually(() => seen.length === 8, "all came");
      expect(seen).toEqual(["text", "failed", 7, true, { a: 1 }, ...["", 0, null].map((v) => ["came", v])]);
    });

    it("that was refused once is asked again", async () => {
      const server = await stage.serve();
      let asked = 0;
      server.io.of("/a").use((_, proceed) => proceed(asked++ < 2 ? new Error("not yet") : undefined));
      const client = stage.client(server, "/a");
      expect((await client.refusal()).message).toBe("not yet");
      client.socket.disconnect();
      expect((await client.refusal()).message).toBe("not yet");
      client.socket.disconnect();
      await connected(client.socket);
    });

    it("that is passed when the client is gone lets nobody in", async () => {
      const server = await stage.serve();
      const { opened, open } = gate();
      const pending: Socket[] = [];
      const seen: string[] = [];
      server.io.of("/a").use((socket, proceed) => {
        pending.push(socket);
        socket.on("disconnecting", () => void seen.push("disconnecting"));
        socket.on("disconnect", () => void seen.push("disconnect"));
        void opened.then(() => proceed());
      });
      server.io.of("/a").on("connection", () => void seen.push("connection"));
      const client = stage.client(server, "/a");
      client.socket.connect();
      await eventually(() => pending.length === 1, "its middleware runs");
      const closed = next<string>(pending[0]!.conn, "close");
      client.socket.io.engine.close();
      expect(await closed).toBe("transport close");
      open();
      await stage.connect(server, "/a");
      expect(seen).toEqual(["connection"]);
      expect([server.io.of("/a").sockets.size, pending[0]!.connected]).toEqual([1, false]);
    });

    it("what a socket is sent before it is let in, its client gets once it is", async () => {
      const server = await stage.serve();
      const answers: unknown[] = [];
      server.io.of("/a").use((socket, proceed) => {
        socket.emit("early", 1);
        socket.timeout(5_000).emit("asks", (...answer: unknown[]) => void answers.push(answer));
        setImmediate(proceed);
      });
      server.io.of("/a").on("connection", (socket) => void socket.emit("late", 2));
      const client = stage.client(server, "/a");
      client.socket.on("asks", (answer) => answer("yes"));
      await connected(client.socket);
      await client.next("late");
      expect(client.received.map(({ event }) => event)).toEqual(["early", "asks", "late"]);
      await eventually(() => answers.length === 1, "the answer");
      expect(answers).toEqual([[null, "yes"]]);
    });

    it("cannot disconnect who is not connected, but close the connection", async () => {
      const server = await stage.serve();
      server.io.of("/a").use((socket, proceed) => {
        socket.disconnect(true);
        proceed();
      });
      const client = await stage.connect(server, "/a");
      server.io.of("/b").use((socket) => void socket.conn.close());
      const beside = client.socket.io.socket("/b", {});
      beside.connect();
      expect(await client.disconnected()).toBe("transport close");
    });

    it("listeners set in middleware get events from the first on", async () => {
      const server = await stage.serve();
      const heard: unknown[] = [];
      server.io.of("/a").use((socket, proceed) => {
        socket.on("count", (n: number) => void heard.push(n));
        proceed();
      });
      const client = stage.client(server, "/a");
      client.socket.on("connect", () => {
        for (let n = 0; n < 50; n++) client.socket.emit("count", n);
      });
      await connected(client.socket);
      await eventually(() => heard.length === 50, "every event");
      expect(heard).toEqual(Array.from({ length: 50 }, (_, n) => n));
    });
  });
}
