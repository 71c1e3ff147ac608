import { connect } from "node:net";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { eventually, gate, within } from "../support/deadline.js";
import { rawHttp } from "../support/raw-http.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const MB = 1024 * 1024;
const REFUSAL = "who are you?";

/** Requests with bodies that the app does not read, or not to the end, and such as cannot be read. */
export function unreadBodies(serve: Serve): void {
  describe("bodies that nobody reads", () => {
    const stage = useStage(serve);

    function refusing() {
      const app = new Hono();
      app.post("/cancelled", async (c) => {
        await c.req.raw.body?.cancel();
        return c.text(REFUSAL, 401);
      });
      app.post("/begun", async (c) => {
        const reader = c.req.raw.body!.getReader();
        await reader.read();
        return c.text(REFUSAL, 401);
      });
      app.get("/second", (c) => c.text("the second"));
      app.all("*", (c) => c.text(REFUSAL, 401));
      return app;
    }

    /** A connection, and what was said on it so far. */
    function open(server: { host: string; port: number }) {
      const socket = connect(server.port, server.host).on("error", () => {});
      stage.atEnd(() => socket.destroy());
      const heard = { text: "" };
      socket.on("data", (data) => {
        heard.text += data;
      });
      return { socket, heard };
    }

    it("an answer that comes before its request was read reaches the client", async () => {
      const { url } = await stage.serve({ app: refusing() });
      for (const path of ["/", "/cancelled", "/begun"]) {
        for (const bytes of [100_000, 5 * MB]) {
          for (let n = 0; n < 10; n++) {
            const response = await fetch(url + path, { method: "POST", body: Buffer.alloc(bytes, "x") });
            expect([response.status, await response.text()]).toEqual([401, REFUSAL]);
          }
        }
      }
    }, 60_000);

    it("so does a 413 of limits.httpBody, and a 404 where there is no app", async () => {
      const [limited, bare] = [
        await stage.serve({ app: refusing(), limits: { httpBody: 2 * MB } }),
        await stage.serve({}),
      ];
      for (const [url, status] of [
        [limited.url, 413],
        [bare.url, 404],
      ] as const) {
        for (let n = 0; n < 10; n++) {
          const response = await fetch(url, { method: "POST", body: Buffer.alloc(5 * MB, "x") });
          expect(response.status).toBe(status);
          await response.text();
        }
      }
    }, 60_000);

    it("so do a 400 and a 431 of a request's head", async () => {
      const { host, port } = await stage.serve({ app: refusing(), limits: { httpHeaders: 8_192 } });
      const large = `x-large: ${"a".repeat(20_000)}`;
      const length = `Content-Length: ${5 * MB}`;
      for (const [head, status] of [
        [`POST / HTTP/1.1\r\nHost: a/b\r\n${length}\r\n\r\n`, 400],
        [`POST / HTTP/1.1\r\nHost: h\r\n${length}\r\n${large}\r\n\r\n`, 431],
        [`POST /\r\nno HTTP at all\r\n\r\n`, 400],
        [`POST / HTTP/1.1\r\nHost: h\r\n: no name\r\n${length}\r\n\r\n`, 400],
      ] as const) {
        for (let n = 0; n < 5; n++) {
          const { socket, heard } = open({ host, port });
          // Nothing is read before all is written: what a reset takes with it is lost.
          socket.pause();
          const written = new Promise<void>((resolve) => {
            socket.write(head + "x".repeat(5 * MB), () => resolve());
            socket.once("close", () => resolve());
          });
          await within(written, "all to be written", 20_000);
          socket.resume();
          await eventually(() => heard.text.startsWith(`HTTP/1.1 ${status}`), `${status}`);
          socket.destroy();
        }
      }
    }, 60_000);

    it("a request behind such a body is answered", async () => {
      const { port } = await stage.serve({ app: refusing() });
      const second = "GET /second HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
      for (const path of ["/", "/cancelled", "/begun"]) {
        const head = [`POST ${path} HTTP/1.1`, "Host: h", "Content-Length: 200000"];
        const { status, body } = await rawHttp(port, head, "y".repeat(200_000) + second);
        expect(status).toBe(401);
        expect(body).toContain("the second");
      }
    });

    it("such a body is read for so many bytes and no more", async () => {
      const small = await stage.serve({ app: refusing(), limits: { httpBody: 1_000 } });
      for (const [{ port, host }, lines] of [
        [small, "Transfer-Encoding: chunked"],
        [small, "Content-Length: 1000000000"],
      ] as const) {
        const { socket, heard } = open({ port, host });
        socket.write(`POST / HTTP/1.1\r\nHost: h\r\n${lines}\r\n\r\n`);
        const closed = new Promise((resolve) => socket.once("close", resolve));
        const piece = `10000\r\n${"a".repeat(0x10000)}\r\n`;
        const more = () => {
          while (!socket.destroyed && socket.write(piece));
        };
        socket.on("drain", more);
        more();
        await within(closed, "the connection to close", 20_000);
        expect(heard.text).toMatch(/^HTTP\/1\.1 (401|413)/);
        // One MiB, and what the kernel took on the way.
        expect(socket.bytesWritten).toBeLessThan(32 * MB);
      }
    }, 60_000);

    it("stop does not wait for such a body", async () => {
      const server = await stage.serve({ app: refusing(), limits: { drain: 60_000 } });
      const { socket, heard } = open(server);
      socket.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nabc");
      await eventually(() => heard.text.endsWith(REFUSAL), "the answer");
      await within(Promise.resolve(server.dialogue.stop()), "the server to stop", 20_000);
    }, 60_000);

    it("the app is asked before a small body is whole, and reads the rest as it comes", async () => {
      const app = new Hono();
      const asked = gate();
      app.post("/early", (c) => c.text(REFUSAL, 401));
      app.post("/echo", async (c) => {
        asked.open();
        return c.text(await c.req.text());
      });
      const server = await stage.serve({ app });
      for (const head of [
        "Content-Length: 10\r\n\r\nabc",
        "Content-Length: 10\r\nExpect: 100-continue\r\n\r\n",
      ]) {
        const { socket, heard } = open(server);
        socket.write(`POST /early HTTP/1.1\r\nHost: h\r\n${head}`);
        await eventually(() => heard.text.endsWith(REFUSAL), "the answer");
        expect(heard.text).toMatch(/^HTTP\/1\.1 401/);
        socket.destroy();
      }
      const { socket, heard } = open(server);
      socket.write("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
      await asked.opened;
      socket.write("defghij");
      await eventually(() => heard.text.endsWith("abcdefghij"), "the body to come back");
      // One who waits for a word is given it when the app reads.
      const polite = open(server);
      polite.socket.write(
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
      );
      await eventually(() => polite.heard.text === "HTTP/1.1 100 Continue\r\n\r\n", "the word to go on");
      polite.socket.write("abc");
      await eventually(() => polite.heard.text.endsWith("abc"), "the body to come back");
    });

    it("a small body that never comes is a 408, one that is no HTTP a 400", async () => {
      const app = new Hono();
      // Hono prints what an app fails with.
      app.onError((error, c) => c.text(error.name, 500));
      app.post("/", async (c) => c.text(await c.req.text()));
      const server = await stage.serve({ app, limits: { handshakeTimeout: 200 } });
      const { socket, heard } = open(server);
      socket.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
      await eventually(() => heard.text.startsWith("HTTP/1.1 408"), "408");
      const chunked = ["POST / HTTP/1.1", "Host: h", "Transfer-Encoding: chunked"];
      for (const body of ["zz\r\nhi\r\n0\r\n\r\n", "2\r\nhi\r\n0x2\r\nhi\r\n", "2\r\nhiX\r\n0\r\n\r\n"]) {
        expect((await rawHttp(server.port, chunked, body)).status).toBe(400);
      }
      const twice = [...chunked, "Transfer-Encoding: chunked"];
      expect((await rawHttp(server.port, twice, "2\r\nhi\r\n0\r\n\r\n", /\r\n\r\n/)).status).toBe(400);
      expect(server.log.at("error")).toEqual([]);
    });

    it("an answer with more names of headers than it may have is a 500, and those beside it are whole", async () => {
      const app = new Hono();
      app.get("/many", () => {
        const headers = Array.from({ length: 25_000 }, (_, n): [string, string] => [`x-${n}`, "1"]);
        return new Response("many", { headers });
      });
      app.get("/stream", () => {
        const headers = Array.from({ length: 25_000 }, (_, n): [string, string] => [`x-${n}`, "1"]);
        return new Response(new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(10)) }), {
          headers,
        });
      });
      app.get("/few", (c) => c.text("few"));
      const server = await stage.serve({ app });
      const paths = ["/few", "/many", "/few", "/stream", "/few"];
      const answers = await Promise.all(
        paths.map((path) => rawHttp(server.port, [`GET ${path} HTTP/1.1`, "Host: h", "Connection: close"])),
      );
      expect(answers.map(({ status, body }) => [status, body])).toEqual(
        paths.map((path) => (path === "/few" ? [200, "few"] : [500, ""])),
      );
      expect(JSON.stringify(server.log.at("error"))).toContain("20,000 names of headers");
    });
  });
}
