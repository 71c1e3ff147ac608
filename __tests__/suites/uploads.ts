import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";
import { eventually, gate } from "../support/deadline.js";
import { httpRequest } from "../support/http-request.js";
import { scaled } from "../support/scale.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const MB = 1024 * 1024;

/** Bodies that the app reads late, and clients that are gone by then. */
export function uploads(serve: Serve): void {
  describe("uploads", () => {
    const stage = useStage(serve);

    /** A connection on which so much is sent as the server takes. */
    function send(server: { host: string; port: number }, text: string, body = 0): Socket {
      const socket = connect(server.port, server.host).on("error", () => {});
      stage.atEnd(() => socket.destroy());
      socket.write(text);
      if (body > 0) socket.write(Buffer.alloc(body, "x"));
      return socket;
    }

    const chunked = "POST /held HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    const begun = "POST /begun HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n";
    const held = "POST /held HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n";
    const pipelined = "GET /held HTTP/1.1\r\nHost: h\r\n\r\nGET /second HTTP/1.1\r\nHost: h\r\n\r\n";

    it.each([
      ["a body that is not read", held, 1_000_000],
      ["a body of which a piece is read", begun, 1_000_000],
      ["a body in chunks", chunked, 0],
      ["a request behind one that is not answered", pipelined, 0],
    ])("a client that is gone is noticed, and its place is free: %s", async (_, text, body) => {
      const app = new Hono();
      let asked = gate();
      let gone = gate();
      const wait = (signal: AbortSignal) => {
        signal.addEventListener("abort", gone.open);
        asked.open();
        return new Promise<never>(() => {});
      };
      app.all("/held", (c) => wait(c.req.raw.signal));
      app.post("/begun", async (c) => {
        await c.req.raw.body!.getReader().read();
        return wait(c.req.raw.signal);
      });
      app.get("/second", (c) => c.text("second"));
      const server = await stage.serve({ app, limits: { httpInFlight: 1, httpTimeout: 120_000 } });
      // One resets its connection, the other closes it: of that the server may see less, if it took nothing of what came before.
      const ends: ((socket: Socket) => void)[] = [(socket) => socket.resetAndDestroy()];
      if (body === 0) ends.push((socket) => socket.destroy());
      for (const end of ends) {
        [asked, gone] = [gate(), gate()];
        const socket = send(server, text, body);
        await asked.opened;
        end(socket);
        await gone.opened;
        await eventually(
          async () => (await httpRequest(`${server.url}/second`)).status === 200,
          "the place to be free",
        );
      }
    });

    it("a client that sends no more behind its request has its body read, late as that may be, and gets the answer", async () => {
      const app = new Hono();
      app.post("/", async (c) => {
        let bytes = 0;
        for await (const piece of c.req.raw.body!) {
          bytes += piece.length;
          // Longer than it takes to look who is gone.
          if (bytes === piece.length) await new Promise((resolve) => setTimeout(resolve, 400));
        }
        return c.text(`${bytes} bytes`);
      });
      const server = await stage.serve({ app });
      const socket = connect({ port: server.port, host: server.host, allowHalfOpen: true });
      stage.atEnd(() => socket.destroy());
      let heard = "";
      socket.on("data", (data) => {
        heard += data;
      });
      socket.end(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n${"y".repeat(200_000)}`);
      await eventually(() => heard.endsWith("200000 bytes"), "the answer");
    });

    it.each(["unread", "slow"])(
      "many that are not read cost a few buffers each, and others are served: %s",
      async (path) => {
        const child = new ChildProgram("uploads-server.mjs", {}, ["--max-semi-space-size=1"]);
        stage.atEnd(() => child.kill());
        const { port, pid } = await child.line("port");
        const server = { host: "127.0.0.1", port };
        const url = `http://127.0.0.1:${port}`;
        const resident = () =>
          Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1024;
        const count = scaled(100, 500);
        const begun = async () => Number((await httpRequest(`${url}/begun`)).body);
        for (let n = 0; n < 100; n++) await begun();
        const before = resident();
        const head = `POST /${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${4 * MB}\r\n\r\n`;
        const sockets: Socket[] = [];
        for (let n = 0; n < count; n++) sockets.push(send(server, head, 4 * MB));
        await eventually(async () => (await begun()) === count, "all to be begun", 30_000);
        const grown = resident() - before;
        // Two buffers of a connection, what the app read, and the runtime's own.
        expect(grown).toBeLessThan(count * 256 * 1024 + 16 * MB);
        const answers = sockets.map(
          (socket) =>
            new Promise<string>((resolve) => {
              let heard = "";
              socket.on("data", (data) => {
                heard += data;
              });
              socket.on("close", () => resolve(heard));
            }),
        );
        expect((await httpRequest(`${url}/open`)).body).toBe("open");
        for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.1 200/);
      },
      120_000,
    );
  });
}
