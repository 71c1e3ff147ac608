import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, get, type IncomingMessage, request, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import WebSocket, { WebSocketServer } from "ws";
import { Attached } from "../support/attached-server.js";
import { within } from "../support/deadline.js";
import { httpRequest } from "../support/http-request.js";

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** What a plain http program sees of its clients, and they of it, with an engine in front. */
export function passedThrough(): void {
  describe("a plain http program behind an engine", () => {
    const stage = new Attached();
    afterEach(() => stage.closeAll());

    it("keep-alive: the requests of one connection come on one socket, others on theirs", async () => {
      const sockets: unknown[] = [];
      const { url } = stage.serve((request, response) => {
        sockets.push(request.socket);
        response.end();
      });
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const ask = () =>
        new Promise<void>((resolve, reject) => {
          get(url, { agent }, (response) => void response.resume().on("end", resolve)).on("error", reject);
        });
      await ask();
      await new Promise((resolve) => setImmediate(resolve));
      await ask();
      await httpRequest(url);
      agent.destroy();
      expect(sockets).toHaveLength(3);
      expect(sockets[1]).toBe(sockets[0]);
      expect(sockets[2]).not.toBe(sockets[0]);
    });

    it("heads go both ways as they are: repeated headers, their case, status texts, HEAD, 204 and 304", async () => {
      let seen: string[] = [];
      const { url, port } = stage.serve((request, response) => {
        seen = request.rawHeaders;
        if (request.url === "/304") response.writeHead(304, { ETag: '"1"' }).end();
        else if (request.url === "/204") response.writeHead(204).end();
        else {
          const headers = { "X-Odd-Case": "1", "Content-Length": 2, "Set-Cookie": ["a=1", "b=2"] };
          response.writeHead(299, "Quite Well", headers).end("ok");
        }
      });
      const client = connect(port, "127.0.0.1");
      client.write("GET /x?y HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nx-b: 2\r\nX-A: 3\r\nConnection: close\r\n\r\n");
      let answer = "";
      for await (const chunk of client) answer += chunk;
      expect(seen.join("|")).toBe("Host|h|X-A|1|X-A|3|x-b|2|Connection|close");
      expect(answer).toMatch(/^HTTP\/1\.1 299 Quite Well\r\n/);
      expect(answer).toContain("X-Odd-Case: 1\r\n");
      expect(answer).toContain("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n");
      expect(await httpRequest(url, { method: "HEAD" })).toMatchObject({
        headers: { "content-length": "2" },
        body: "",
      });
      for (const path of ["/204", "/304"]) {
        const { status, headers } = await httpRequest(url + path);
        expect([`/${status}`, headers["content-length"]]).toEqual([path, undefined]);
      }
    });

    it("large bodies arrive whole, both ways, with a length and in chunks", async () => {
      const { url } = stage.serve((request, response) => {
        const known = request.headers["content-length"];
        response.writeHead(200, known === undefined ? {} : { "content-length": known });
        request.pipe(response);
      });
      const body = randomBytes(5_000_000);
      for (const headers of [{}, { "transfer-encoding": "chunked" }]) {
        const answer = await new Promise<Buffer>((resolve, reject) => {
          const length = "transfer-encoding" in headers ? {} : { "content-length": body.length };
          const asked = request(url, { method: "POST", headers: { ...headers, ...length } }, (response) => {
            const chunks: Buffer[] = [];
            response.on("data", (chunk: Buffer) => chunks.push(chunk));
            response.on("end", () => resolve(Buffer.concat(chunks))).on("error", reject);
          });
          asked.on("error", reject).end(body);
        });
        expect([answer.length, digest(answer)]).toEqual([body.length, digest(body)]);
      }
    });

    it("server-sent events come one by one, and the program hears when their reader leaves", async () => {
      let source: ServerResponse | undefined;
      let left: Promise<unknown> | undefined;
      const { url } = stage.serve((request, response) => {
        left = new Promise((resolve) => void request.on("close", resolve));
        source = response.writeHead(200, { "content-type": "text/event-stream" });
        response.flushHeaders();
      });
      const reading = new AbortController();
      const response = await within(fetch(url, { signal: reading.signal }), "the head");
      const reader = response.body!.getReader();
      for (const data of ["one", "two"]) {
        source?.write(`data: ${data}\n\n`);
        const { value } = await within(reader.read(), "an event");
        expect(new TextDecoder().decode(value)).toBe(`data: ${data}\n\n`);
      }
      reading.abort();
      await within(left!, "the end of the request");
    });

    it("an answer that breaks off is seen to have broken off", async () => {
      const { url } = stage.serve((request, response) => {
        if (request.url === "/at-once") request.socket.destroy();
        else {
          response.writeHead(200, { "content-length": 10 });
          response.write("half");
          setTimeout(() => response.destroy(), 20);
        }
      });
      await expect(httpRequest(url)).rejects.toThrow();
      await expect(httpRequest(`${url}/at-once`)).rejects.toThrow();
    });

    it("a client that leaves in the middle of its body is seen to have left", async () => {
      let left: Promise<unknown> | undefined;
      let aborted = false;
      const came = new Promise<void>((resolve) => {
        stage.serve((request) => {
          request.on("aborted", () => {
            aborted = true;
          });
          request.on("error", () => {});
          left = new Promise((resolve) => void request.on("close", resolve));
          request.once("data", () => resolve());
        });
      });
      const { port } = stage.last();
      const client = connect(port, "127.0.0.1").on("error", () => {});
      client.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nsome");
      await within(came, "the request");
      client.destroy();
      await within(left!, "the end of the request");
      expect(aborted).toBe(true);
    });

    it("Expect: 100-continue is the program's to answer", async () => {
      const { server, url } = stage.serve((request, response) => void request.pipe(response));
      const ask = () =>
        new Promise<{ continued: boolean; response: IncomingMessage }>((resolve, reject) => {
          let continued = false;
          const headers = { expect: "100-continue", "content-length": 4 };
          const asked = request(url, { method: "POST", headers, agent: false }, (response) =>
            resolve({ continued, response: response.resume() }),
          );
          asked.on("continue", () => {
            continued = true;
            asked.end("body");
          });
          asked.on("error", reject);
          asked.flushHeaders();
        });
      const taken = await within(ask(), "the answer");
      expect([taken.continued, taken.response.statusCode]).toEqual([true, 200]);
      server.on("checkContinue", (_request, response) => void response.writeHead(413).end());
      const refused = await within(ask(), "the refusal");
      expect([refused.continued, refused.response.statusCode]).toEqual([false, 413]);
    });

    it("a WebSocket library of the program's own on another path, beside Socket.IO", async () => {
      const { server, port, url } = stage.serve();
      const own = new WebSocketServer({ noServer: true });
      server.on("upgrade", (request, socket, head) => {
        if (request.url !== "/chat") return void socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n");
        own.handleUpgrade(request, socket, head, (connection) => {
          connection.send(`hello ${request.socket.remoteAddress}`);
          connection.on("message", (message) => connection.send(`echo ${message}`));
        });
      });
      const client = new WebSocket(`ws://127.0.0.1:${port}/chat`);
      const messages: string[] = [];
      client.on("message", (message) => {
        messages.push(String(message));
        if (messages.length === 1) client.send("one");
        else client.close();
      });
      await within(once(client, "close"), "the end");
      expect(messages).toEqual(["hello 127.0.0.1", "echo one"]);
      const refused = new WebSocket(`ws://127.0.0.1:${port}/other`);
      const [error] = await within(once(refused, "error"), "the refusal");
      expect(error).toBeInstanceOf(Error);
      const socketIo = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
      const [open] = await within(once(socketIo, "message"), "Socket.IO");
      expect(String(open)).toMatch(/^0\{"sid"/);
      socketIo.close();
      // Closed while one is open: it is ended.
      const last = new WebSocket(`ws://127.0.0.1:${port}/chat`);
      await within(once(last, "message"), "the greeting");
      const ended = once(last, "close");
      await stage.closeAll();
      await within(ended, "the end of the tunnel");
      await expect(httpRequest(url)).rejects.toThrow();
    });

    it("a request that is none is the engine's to refuse", async () => {
      const { port } = stage.serve();
      const client = connect(port, "127.0.0.1");
      client.write("NONSENSE\r\n\r\n");
      let answer = "";
      for await (const chunk of client) answer += chunk;
      expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request/);
    });
  });
}
