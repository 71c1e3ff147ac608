import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { Server } from "dialogue-rs/socket.io";
import express from "express";
import { io as connect, type Socket } from "socket.io-client";
import { afterEach, describe, expect, it } from "vitest";
import { eventually, within } from "../support/deadline.js";
import { httpRequest } from "../support/http-request.js";
import { connectV2 } from "../support/io-v2.js";
import { recordingLogger } from "../support/recording-logger.js";

const require = createRequire(import.meta.url);

/** `new Server`, as programs of Socket.IO make one: in front of a port, of an http server, of Express. */
export function ioServer(): void {
  let undo: (() => unknown)[] = [];
  afterEach(async () => {
    const all = undo.reverse();
    undo = [];
    for (const step of all) await step();
  });

  const make = (...args: ConstructorParameters<typeof Server>): Server => {
    const io = new Server(...args);
    undo.push(() => io.close());
    return io;
  };
  const options = (more: object = {}) => ({ logger: recordingLogger(), ...more });
  const urlOf = (server: { address(): unknown }) =>
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  /** What the error says that a mistake of the program's is told with. */
  const invalid = (act: () => unknown): string => {
    try {
      act();
    } catch (error) {
      expect(error).toMatchObject({ name: "DialogueError", code: "INVALID_CONFIG" });
      return (error as Error).message;
    }
    throw new Error("nothing was thrown");
  };

  function client(url: string, more: object = {}): Socket {
    const socket = connect(url, { forceNew: true, reconnection: false, ...more });
    undo.push(() => socket.close());
    return socket;
  }
  const next = (
    emitter: { once(event: string, listener: (...args: any[]) => void): unknown },
    event: string,
  ) => within(new Promise<any[]>((resolve) => emitter.once(event, (...args) => resolve(args))), event);

  describe("a Socket.IO server", () => {
    it("listens on a port at once: httpServer.address() tells which, close frees it, listen takes it again", async () => {
      const io = make(0, options());
      const { port } = io.httpServer.address() as AddressInfo;
      expect(io.httpServer.listening).toBe(true);
      const first = client(`http://127.0.0.1:${port}`, { transports: ["websocket"] });
      await next(first, "connect");
      const gone = next(first, "disconnect");
      await io.close();
      await gone;
      io.listen(port);
      await next(client(`http://127.0.0.1:${port}`), "connect");
    });

    it("connectionStateRecovery is accepted, and has a warning that says what does not happen", () => {
      const log = recordingLogger();
      make({ logger: log, connectionStateRecovery: {} });
      expect(log.at("warn").map(({ message }) => message)).toEqual([
        expect.stringContaining("socket.recovered is false"),
      ]);
    });

    it("maxHttpBufferSize bounds each part of a message, as in Socket.IO: its text and every attachment", async () => {
      const io = make(0, options({ maxHttpBufferSize: 1_000 }));
      io.on("connection", (socket) => {
        socket.on("parts", (parts: Buffer[], answer) => answer(parts.map(({ length }) => length)));
      });
      const socket = client(urlOf(io.httpServer), { transports: ["websocket"] });
      await next(socket, "connect");
      const ask = (...lengths: number[]) =>
        socket.timeout(5_000).emitWithAck(
          "parts",
          lengths.map((length) => Buffer.alloc(length)),
        );
      expect(await ask(1_000)).toEqual([1_000]);
      expect(await ask(...Array(10).fill(900))).toEqual(Array(10).fill(900));
      const gone = next(socket, "disconnect");
      ask(1_001).catch(() => {});
      expect((await gone)[0]).toMatch(/^transport/);
    });

    it("close tells its sockets before it returns, resolves where nothing listens, and may be called twice", async () => {
      const io = make(0, options());
      const told: string[] = [];
      io.on("connection", (socket) => {
        socket.on("disconnecting", (reason) => told.push(`disconnecting ${reason}`));
        socket.on("disconnect", (reason) => told.push(`disconnect ${reason}`));
      });
      const connected = next(io as never, "connection");
      client(urlOf(io.httpServer));
      await connected;
      const closing = io.close();
      expect(told).toEqual(["disconnecting server shutting down", "disconnect server shutting down"]);
      await closing;
      await io.close();
      await make(options()).close();
    });

    it("a taken port is an error of httpServer's, with Node's fields", async () => {
      const first = make(0, options());
      const { port } = first.httpServer.address() as AddressInfo;
      const second = make(options());
      second.listen(port);
      const [error] = await next(second.httpServer, "error");
      expect(error).toMatchObject({ code: "EADDRINUSE", syscall: "listen", port });
    });

    it("path(), serveClient() and connectTimeout() read and set what the next attach takes", async () => {
      const io = make(options({ path: "/mine/" }));
      expect([io.path(), io.serveClient(), io.connectTimeout()]).toEqual(["/mine", true, 45_000]);
      expect(io.serveClient(false)).toBe(io);
      // A slash in front may be left out.
      io.path("other/").listen(0);
      expect(io.path()).toBe("/other");
      const url = urlOf(io.httpServer);
      await next(client(url, { path: "/other" }), "connect");
      expect((await httpRequest(`${url}/other/socket.io.js`)).status).toBe(400);
      expect((await httpRequest(`${url}/mine/?EIO=4&transport=polling`)).status).toBe(404);
    });

    it("what cannot be sent is a TypeError that says why", async () => {
      const io = make(0, options());
      const connection = next(io, "connection");
      client(urlOf(io.httpServer));
      const [socket] = await connection;
      const cycle: unknown[] = [];
      cycle.push(cycle);
      for (const [value, why] of [
        [1n, /BigInt/],
        [cycle, /cycle/],
      ] as const) {
        for (const emitter of [io, io.to("room"), socket]) {
          const send = () => emitter.emit("n", value);
          expect(send).toThrow(TypeError);
          expect(send).toThrow(why);
        }
      }
    });

    it("serveClient: the client's files, with a type and a version that is not sent twice", async () => {
      const url = urlOf(make(0, options()).httpServer);
      const { version } = require("socket.io-client/package.json") as { version: string };
      const file = await httpRequest(`${url}/socket.io/socket.io.js`);
      expect(file.status).toBe(200);
      expect(file.headers).toMatchObject({
        "content-type": expect.stringContaining("javascript"),
        etag: `"${version}"`,
      });
      expect(file.body).toContain("engine.io");
      const again = await httpRequest(`${url}/socket.io/socket.io.js`, {
        headers: { "if-none-match": `"${version}"` },
      });
      expect(again.status).toBe(304);
    });

    it("engine: clientsCount, connection_error with its code, headers of the handshake", async () => {
      const io = make(0, options());
      const refusals: unknown[] = [];
      io.engine.on("connection_error", ({ code, message, context }) =>
        refusals.push([code, message, context]),
      );
      io.engine.on("initial_headers", (headers) => {
        headers["x-first"] = "yes";
      });
      const url = urlOf(io.httpServer);
      const opened = await httpRequest(`${url}/socket.io/?EIO=4&transport=polling`);
      expect(opened.headers["x-first"]).toBe("yes");
      expect(io.engine.clientsCount).toBe(1);
      await httpRequest(`${url}/socket.io/?EIO=4&transport=polling&sid=unknown`);
      await eventually(() => refusals.length === 1, "the refusal is told");
      expect(refusals).toEqual([[1, "Session ID unknown", { sid: "unknown" }]]);
    });

    it("allowRequest decides of the handshake, and sees the request", async () => {
      const io = make(
        0,
        options({
          allowRequest: (
            req: { headers: Record<string, string> },
            done: (error: unknown, ok: boolean) => void,
          ) => done(null, req.headers["x-token"] === "good"),
        }),
      );
      const url = urlOf(io.httpServer);
      const [error] = await next(client(url, { transports: ["polling"] }), "connect_error");
      expect((error as { context?: { status?: number } }).context?.status ?? 403).toBe(403);
      await next(client(url, { extraHeaders: { "x-token": "good" } }), "connect");
    });

    it("cookie and cors are Socket.IO's", async () => {
      const io = make(
        0,
        options({ cookie: true, cors: { origin: "https://good.example", credentials: true } }),
      );
      const url = `${urlOf(io.httpServer)}/socket.io/?EIO=4&transport=polling`;
      const answer = await httpRequest(url, { headers: { origin: "https://good.example" } });
      expect(answer.headers["access-control-allow-origin"]).toBe("https://good.example");
      expect(answer.headers["access-control-allow-credentials"]).toBe("true");
      expect(String(answer.headers["set-cookie"])).toMatch(/^io=[\w-]{20}; Path=\/; HttpOnly; SameSite=Lax$/);
    });

    it("an option that cannot be honoured is an error that names it", () => {
      for (const name of ["initialPacket", "parser", "adapter"]) {
        expect(invalid(() => new Server({ [name]: true } as object))).toContain(name);
      }
      expect(invalid(() => new Server({ transports: ["webtransport"] } as object))).toContain("webtransport");
      expect(invalid(() => new Server({ host: 5 } as object))).toContain("host");
      expect(() => new Server(express() as never)).toThrow(/express request handler/);
    });

    it("another engine, and what reaches into Socket.IO, are told that it cannot be", () => {
      const io = make(0, options());
      expect(io.bind(io.engine)).toBe(io);
      expect(invalid(() => io.bind({ on() {} }))).toMatch(/no other engine.*new Server\(port\)/);
      // What instrument() of @socket.io/admin-ui looks at.
      expect(invalid(() => (io as unknown as { _nsps: Map<string, unknown> })._nsps)).toMatch(/admin-ui/);
    });

    it("require gives a function that makes one, with the classes on it", async () => {
      const make = require("dialogue-rs/socket.io") as ((...args: unknown[]) => Server) &
        Record<string, unknown>;
      const io = make(0, options());
      undo.push(() => io.close());
      expect(io).toBeInstanceOf(make["Server"] as typeof Server);
      await next(client(urlOf(io.httpServer)), "connect");
    });
  });

  describe("a Socket.IO server on an http server", () => {
    it("answers its path; everything else is the program's, and close ends both", async () => {
      const server = createServer((_request, response) => response.end("program"));
      const io = make(server, options());
      io.on("connection", (socket) => socket.emit("address", socket.handshake.address));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const url = urlOf(server);
      expect(io.httpServer).toBe(server);
      expect((await httpRequest(url)).body).toBe("program");
      const [address] = await next(client(url), "address");
      expect(address).toBe("127.0.0.1");
      await io.close();
      expect(server.listening).toBe(false);
      await expect(httpRequest(url)).rejects.toThrow();
    });

    it("is the only one there: a second one on the same http server is refused until the first is closed", async () => {
      const server = createServer();
      const first = make(server, options({ path: "/a" }));
      expect(invalid(() => new Server(server, options({ path: "/b" })))).toMatch(/Another Socket.IO server/);
      first.on("connection", (socket) => socket.emit("from", "first"));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      expect(await next(client(urlOf(server), { path: "/a" }), "from")).toEqual(["first"]);
      expect(invalid(() => new Server(server, options({ path: "/b" })))).toMatch(/Another Socket.IO server/);
      await first.close();
      const second = make(server, options({ path: "/b" }));
      second.on("connection", (socket) => socket.emit("from", "second"));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      expect(await next(client(urlOf(server), { path: "/b" }), "from")).toEqual(["second"]);
    });

    it("is in one place: attached twice it says so, and stays where it is; after close it may go anywhere", async () => {
      const servers = [createServer(), createServer()] as const;
      const io = make(options());
      io.on("connection", (socket) => socket.emit("hello"));
      const listens = async (server: (typeof servers)[number]) => {
        if (!server.listening) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        await next(client(urlOf(server)), "hello");
      };
      const refused = () => {
        for (const place of [...servers, 0])
          expect(invalid(() => io.attach(place))).toMatch(/attached already/);
      };
      io.attach(servers[0]);
      refused();
      await listens(servers[0]);
      refused();
      // Not waited for: the port is free, and the next place is taken at once.
      void io.close();
      io.attach(servers[1]);
      await listens(servers[1]);
      refused();
      await io.close();
      io.listen(0);
      refused();
      await next(client(urlOf(io.httpServer)), "hello");
      await io.close();
      // One that never listened is free again too.
      io.attach(servers[0]);
      await io.close();
      io.attach(servers[0]);
      await listens(servers[0]);
    });

    it("stays on an http server that is closed and listens again, by whomever it was closed", async () => {
      const server = createServer();
      const io = make(server, options());
      io.on("connection", (socket) => socket.emit("hello"));
      for (const close of [() => io.close(), () => new Promise((resolve) => void server.close(resolve))]) {
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        await next(client(urlOf(server)), "hello");
        expect(io.sockets.sockets.size).toBe(1);
        await close();
      }
    });

    it("lets clients of Socket.IO 2 in where allowEIO3 says so", async () => {
      const server = createServer((_request, response) => response.end("program"));
      make(server, options({ allowEIO3: true }));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const socket = connectV2(urlOf(server), { forceNew: true, reconnection: false });
      undo.push(() => socket.disconnect());
      await next(socket, "connect");
    });

    it("takes over one that listens already", async () => {
      const server = createServer((_request, response) => response.end("program"));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      make(server, options());
      await eventually(
        async () => (await httpRequest(`http://127.0.0.1:${port}`)).body === "program",
        "it answers",
      );
      await next(client(`http://127.0.0.1:${port}`), "connect");
    });

    it("an Express program with express-session: the session is the socket's too", async () => {
      const app = express();
      const sessions = require("express-session")({ secret: "s", resave: false, saveUninitialized: true });
      app.use(sessions);
      app.get("/visits", (request, response) => {
        const visits = (request as unknown as { session: { count?: number } }).session;
        visits.count = (visits.count ?? 0) + 1;
        response.json({ count: visits.count });
      });
      const server = createServer(app);
      const io = make(server, options());
      io.engine.use(sessions as never);
      io.on("connection", (socket) => {
        socket.emit("visits", (socket.request as unknown as { session: { count?: number } }).session.count);
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const url = urlOf(server);
      const visit = await httpRequest(`${url}/visits`);
      const cookie = String(visit.headers["set-cookie"]).split(";")[0]!;
      await httpRequest(`${url}/visits`, { headers: { cookie } });
      const [visits] = await next(client(url, { extraHeaders: { cookie } }), "visits");
      expect(visits).toBe(2);
    });
  });
}
