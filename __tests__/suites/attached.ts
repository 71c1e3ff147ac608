import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import { createServer as createHttp2, createSecureServer as createHttp2Secure } from "node:http2";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, connect, createServer as createTcp, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { attach } from "../../ts/socket-io/http-server.js";
import { Attached, closed, engineFront } from "../support/attached-server.js";
import { ChildProgram } from "../support/child-program.js";
import { within } from "../support/deadline.js";
import { httpRequest } from "../support/http-request.js";

const HANDSHAKE = "/socket.io/?EIO=4&transport=polling";
const port = (server: HttpServer): number => (server.address() as AddressInfo).port;
const url = (server: HttpServer): string => `http://127.0.0.1:${port(server)}`;
const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

/** An http server's port is the engine's: what its own methods and events say of it. */
export function attached(): void {
  describe("a server that is attached to an http server", () => {
    const stage = new Attached();
    const others: TcpServer[] = [];
    afterEach(async () => {
      for (const other of others.splice(0)) other.close();
      await stage.closeAll();
    });

    const answers = async (server: HttpServer) => {
      expect((await httpRequest(url(server))).body).toBe("program");
      expect((await httpRequest(url(server) + HANDSHAKE)).body).toMatch(/^0\{"sid"/);
    };

    it("listen: there at once, told in the next tick, and everything that is not Socket.IO's is the program's", async () => {
      const server = stage.create();
      expect([server.listening, server.address()]).toEqual([false, null]);
      const told: string[] = [];
      server.on("listening", () => told.push("event"));
      expect(server.listen(0, () => told.push("callback"))).toBe(server);
      expect(server.address()).toEqual({ address: "::", family: "IPv6", port: port(server) });
      expect(server.listening).toBe(true);
      expect((server as any)._handle).toBeTruthy();
      expect(told).toEqual([]);
      await tick();
      expect(told).toEqual(["event", "callback"]);
      await answers(server);
      for (const path of ["/socket.iox/", "/socket", "/"]) {
        expect([path, (await httpRequest(url(server) + path)).body]).toEqual([path, "program"]);
      }
    });

    it("listen takes what Node's own does", async () => {
      const free = await freePort();
      const forms: [unknown[], string, number?][] = [
        [[], "::"],
        [[0, "127.0.0.1"], "127.0.0.1"],
        [[0, "127.0.0.1", 511], "127.0.0.1"],
        [[0, 511], "::"],
        [[null], "::"],
        [[{ port: 0, host: "127.0.0.1" }], "127.0.0.1"],
        [[{ port: undefined }], "::"],
        [[String(free)], "::", free],
        [[{ port: String(free), host: "127.0.0.1", backlog: 5, exclusive: true }], "127.0.0.1", free],
        [[0, "localhost"], "loopback"],
      ];
      for (const [args, address, expected] of forms) {
        const server = stage.create();
        const listening = new Promise<void>((resolve) => void (server.listen as any)(...args, resolve));
        await within(listening, `listen(${JSON.stringify(args)})`);
        const bound = server.address() as AddressInfo;
        if (address === "loopback") expect(["127.0.0.1", "::1"]).toContain(bound.address);
        else expect([args, bound.address]).toEqual([args, address]);
        if (expected !== undefined) expect(bound.port).toBe(expected);
        expect(await closed(server)).toBeUndefined();
      }
    });

    it("listen throws what Node's own does", () => {
      const server = stage.create();
      const code = (...args: unknown[]) => {
        try {
          (server.listen as any)(...args);
          return "none";
        } catch (error) {
          return (error as { code: string }).code;
        }
      };
      expect([code(70_000), code(-1), code({ port: "x" }), code(1.5)]).toEqual(
        Array(4).fill("ERR_SOCKET_BAD_PORT"),
      );
      expect([code({}), code("/tmp/a.sock"), code({ path: "/tmp/a.sock" }), code({ fd: 3 })]).toEqual(
        Array(4).fill("ERR_INVALID_ARG_VALUE"),
      );
      expect(server.listening).toBe(false);
      server.listen(0);
      expect(code(0)).toBe("ERR_SERVER_ALREADY_LISTEN");
    });

    it("a taken port is an error event as Node's, and another one may be tried", async () => {
      const other = createTcp().listen(0);
      others.push(other);
      await once(other, "listening");
      const taken = (other.address() as AddressInfo).port;
      for (const [host, address] of [
        [undefined, "::"],
        ["127.0.0.1", "127.0.0.1"],
      ] as const) {
        const server = stage.create();
        let listening = 0;
        server.on("listening", () => listening++);
        server.listen(taken, ...((host === undefined ? [] : [host]) as []));
        const [error] = await within(once(server, "error"), "the error");
        expect(error).toMatchObject({ code: "EADDRINUSE", syscall: "listen", address, port: taken });
        expect(error.message).toBe(`listen EADDRINUSE: address already in use ${address}:${taken}`);
        expect(typeof error.errno).toBe("number");
        expect([server.listening, server.address(), listening]).toEqual([false, null, 0]);
        server.listen(0);
        await once(server, "listening");
        await answers(server);
      }
    });

    it("a host that is none is an error event too", async () => {
      const server = stage.create();
      server.listen(0, "192.0.2.1");
      const [error] = await within(once(server, "error"), "the error");
      expect(error).toMatchObject({ code: "EADDRNOTAVAIL", syscall: "listen", address: "192.0.2.1" });
    });

    it("close: the port is free when it returns; callback and event come once everything is gone", async () => {
      const { server, port: taken } = stage.serve();
      await answers(server);
      const told: string[] = [];
      server.on("close", () => told.push("event"));
      const callback = new Promise<unknown>((resolve) => void server.close(resolve));
      expect([server.listening, server.address(), told.length]).toEqual([false, null, 0]);
      const next = createTcp().listen(taken, "127.0.0.1");
      others.push(next);
      await within(once(next, "listening"), "the port");
      expect(await within(callback, "the callback")).toBeUndefined();
      expect(told).toEqual(["event"]);
      expect(await closed(server)).toMatchObject({ code: "ERR_SERVER_NOT_RUNNING" });
    });

    it("close ends the connections of Socket.IO, and lets an answer that was begun be finished", async () => {
      let finish = () => {};
      const { server, url } = stage.serve((_request, response) => {
        response.write("begun, ");
        finish = () => response.end("finished");
      });
      const { sid } = JSON.parse((await httpRequest(url + HANDSHAKE)).body.slice(1));
      const polling = httpRequest(`${url}${HANDSHAKE}&sid=${sid}`);
      const response = await fetch(url);
      let over = false;
      const closing = closed(server).then(() => {
        over = true;
      });
      expect((await polling).body).toMatch(/1$/);
      expect(over).toBe(false);
      finish();
      expect(await response.text()).toBe("begun, finished");
      await within(closing, "the end");
    });

    it("one that was closed listens again, also before it has ended", async () => {
      const { server } = stage.serve();
      await answers(server);
      const told: string[] = [];
      for (const event of ["listening", "close"]) server.on(event, () => told.push(event));
      server.close();
      server.listen(0);
      await within(once(server, "listening"), "the second beginning");
      expect(told).toEqual(["close", "listening"]);
      await answers(server);
      await closed(server);
      server.listen(0);
      await answers(server);
    });

    it("never listened: close says so", async () => {
      const server = stage.create();
      expect(await within(closed(server), "the callback")).toMatchObject({ code: "ERR_SERVER_NOT_RUNNING" });
    });

    for (const when of ["in the same tick", "later"]) {
      it(`one that listens already keeps its port, attached ${when}`, async () => {
        const server = createServer((_request, response) => void response.end("program"));
        const told: string[] = [];
        for (const event of ["listening", "close"]) server.on(event, () => told.push(event));
        server.listen(0);
        const taken = port(server);
        if (when === "later") {
          await once(server, "listening");
          // A connection that is Node's own and goes on.
          await httpRequest(url(server));
        }
        stage.attach(server);
        expect([server.listening, port(server)]).toEqual([true, taken]);
        await tick();
        await tick();
        expect(told).toEqual(["listening"]);
        await answers(server);
        await closed(server);
        expect(told).toEqual(["listening", "close"]);
      });
    }

    it("one that is looking up its host is taken over when it listens, before anybody hears", async () => {
      const server = createServer((_request, response) => void response.end("program"));
      const listening = new Promise<string>((resolve) => {
        server.listen(0, "localhost", () => {
          const { address, port } = server.address() as AddressInfo;
          resolve(`http://${address.includes(":") ? `[${address}]` : address}:${port}`);
        });
      });
      stage.attach(server);
      const url = await within(listening, "listening");
      expect((await httpRequest(url + HANDSHAKE)).body).toMatch(/^0\{"sid"/);
    });

    it("a signal closes it", async () => {
      const server = stage.create();
      const controller = new AbortController();
      server.listen({ port: 0, signal: controller.signal });
      await once(server, "listening");
      controller.abort();
      await within(once(server, "close"), "the end");
      expect(server.listening).toBe(false);
    });

    it("what cannot be attached to is refused", async () => {
      expect(() => attach(createHttps({}) as never, engineFront())).toThrow(/https/);
      expect(() => attach(createHttp2() as never, engineFront())).toThrow(/http2/);
      expect(() => attach(createHttp2Secure() as never, engineFront())).toThrow(/https/);
      const server = stage.create();
      server.listen(0);
      expect(() => attach(server, engineFront())).toThrow(/Another Socket.IO server/);
      await closed(server);
      attach(server, engineFront());
      server.listen(0);
      await answers(server);
    });

    it("counts the program's connections, and shows each with its client's address", async () => {
      let seen: IncomingMessage["socket"] | undefined;
      const { server, port } = stage.serve((request, response) => {
        seen = request.socket;
        response.end();
      });
      const client = connect(port, "127.0.0.1").on("error", () => {});
      await once(client, "connect");
      client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      await once(client, "data");
      expect(seen).toMatchObject({
        remoteAddress: "127.0.0.1",
        remoteFamily: "IPv4",
        remotePort: client.localPort,
        localAddress: "127.0.0.1",
        localPort: port,
      });
      expect(seen?.address()).toEqual({ address: "127.0.0.1", family: "IPv4", port });
      const count = () =>
        new Promise((resolve) => void server.getConnections((_error, count) => resolve(count)));
      expect(await count()).toBe(1);
      const gone = once(seen!, "close");
      client.destroy();
      await within(gone, "the end of the connection");
      expect(await count()).toBe(0);
    });

    for (const [how, code] of [
      ["close", 0],
      ["unref", 0],
      ["exit", 3],
    ] as const) {
      it(`a program ends by itself, and leaves no files: ${how}`, async () => {
        const folder = mkdtempSync(join(tmpdir(), "dialogue-test-"));
        const program = new ChildProgram("attached-ends.mjs", { HOW: how, TMPDIR: folder });
        try {
          expect(await program.exited()).toBe(code);
          if (how !== "exit") expect(await program.line("during")).toMatchObject({ during: 1 });
          expect(readdirSync(folder)).toEqual([]);
        } finally {
          program.kill();
          rmSync(folder, { recursive: true, force: true });
        }
      });
    }

    async function freePort(): Promise<number> {
      const probe = createTcp().listen(0);
      await once(probe, "listening");
      const { port } = probe.address() as AddressInfo;
      await new Promise((resolve) => probe.close(resolve));
      return port;
    }
  });
}
