import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { inspect } from "node:util";
import { runInNewContext } from "node:vm";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { eventually, gate } from "../support/deadline.js";
import { httpRequest } from "../support/http-request.js";
import { rawHttp } from "../support/raw-http.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const KINDS = ["Response", "Request"] as const;
const METHODS = ["text", "json", "arrayBuffer", "blob", "formData", "clone"] as const;

/** Requests and responses that stand in for the runtime's, where programs look at them closely. */
export function fetchObjects(serve: Serve): void {
  const stage = useStage(serve);

  /** A server that tells what is asked of it, for what is passed on. */
  async function upstream(): Promise<string> {
    const server: Server = createServer(async (req, res) => {
      const pieces: Buffer[] = [];
      for await (const piece of req) pieces.push(piece as Buffer);
      const body = Buffer.concat(pieces);
      const { method, url, headers } = req;
      res.end(JSON.stringify({ method, url, set: headers["x-set"] ?? null, length: body.length }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    stage.atEnd(() => new Promise((resolve) => server.close(resolve)));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  describe("requests and responses that are looked at", () => {
    it("are printed as the runtime prints its own, and every property can be asked for", async () => {
      const app = new Hono();
      app.all("/", (c) => {
        const things = [
          c.req.raw,
          c.req,
          c,
          c.res,
          new Response("x"),
          c.req.raw.clone(),
          new Request(c.req.raw),
        ];
        for (const thing of things) {
          if (inspect(thing).length === 0) throw new Error("nothing was printed");
        }
        for (const thing of [c.req.raw, new Response("x")]) {
          for (let proto = Object.getPrototypeOf(thing); proto !== Object.prototype; ) {
            for (const name of Object.getOwnPropertyNames(proto)) void (thing as any)[name];
            proto = Object.getPrototypeOf(proto);
          }
        }
        return c.text(inspect(c.req.raw));
      });
      const { url } = await stage.serve({ app });
      for (const options of [{}, { method: "POST", body: "abc" }]) {
        const answer = await httpRequest(`${url}/`, options);
        expect([answer.status, answer.body]).toEqual([200, expect.stringMatching(/^Request \{|^Request \(/)]);
        expect(answer.body).toContain(url);
      }
    });

    it("have methods that can be looked at, wrapped, and called on what fetch gave", async () => {
      const app = new Hono();
      app.get("/", async (c) => c.text(await new Response("abc").text()));
      app.post("/", async (c) => c.text(await c.req.raw.text()));
      const { url } = await stage.serve({ app });
      for (const kind of KINDS) {
        for (const name of METHODS) {
          expect([kind, name, typeof globalThis[kind].prototype[name]]).toEqual([kind, name, "function"]);
        }
      }
      const fetched = await fetch(url);
      expect(Response.prototype.clone.call(fetched).status).toBe(200);
      expect(await Response.prototype.text.call(fetched)).toBe("abc");
      for (const [kind, options] of [
        ["Response", {}],
        ["Request", { method: "POST", body: "abc" }],
      ] as const) {
        const prototype = globalThis[kind].prototype as { text: () => Promise<string> };
        const { text } = prototype;
        stage.atEnd(() => {
          prototype.text = text;
        });
        let calls = 0;
        prototype.text = function () {
          calls++;
          return text.apply(this);
        };
        expect((await httpRequest(url, options)).body).toBe("abc");
        expect([kind, calls]).toEqual([kind, 1]);
        prototype.text = text;
      }
    });

    it("are of the classes that they seem to be", async () => {
      const app = new Hono();
      class Mine extends Response {}
      app.post("/", async (c) => {
        const fetched = await fetch(`${new URL(c.req.url).origin}/fetched`);
        const mine = new Mine("x");
        const response = new Response("x");
        return c.json([
          [c.req.raw, new Request(c.req.raw), new Request("http://h/")].map((it) => it instanceof Request),
          [response, fetched, mine, response.clone()].map((it) => it instanceof Response),
          [response, fetched, mine].map((it) => it instanceof Mine),
          [response, fetched].map((it) => it.constructor === Response),
          Object.getPrototypeOf(response) === Response.prototype,
          [Object.keys(c.req.raw), Object.keys(response)],
        ]);
      });
      app.get("/fetched", (c) => c.text("x"));
      const { url } = await stage.serve({ app });
      expect(JSON.parse((await httpRequest(url, { method: "POST", body: "x" })).body)).toEqual([
        [true, true, true],
        [true, true, true, true],
        [false, false, true],
        [true, true],
        true,
        [[], []],
      ]);
    });

    it("serve for a proxy and for what is made of them, where the runtime's own do", async () => {
      const outcome = async (act: () => unknown) => {
        try {
          return await act();
        } catch (error) {
          return (error as Error).name;
        }
      };
      const wraps = [(it: object) => new Proxy(it, {}), (it: object) => Object.create(it)] as const;
      /** What is seen of a request and of a response through something else. */
      const looked = (request: Request, response: Response) =>
        Promise.all(
          wraps.flatMap((wrap) => {
            const [asked, answer]: [Request, Response] = [wrap(request), wrap(response)];
            return [
              outcome(() => asked.method),
              outcome(() => asked.headers.get("x-a")),
              outcome(() => new Request(asked).headers.get("x-a")),
              outcome(() => asked.clone().method),
              outcome(() => answer.status),
              outcome(() => answer.clone().text()),
            ];
          }),
        );
      const app = new Hono();
      app.get("/", async (c) => c.json(await looked(c.req.raw, new Response("x", { status: 201 }))));
      app.get("/response", () => new Proxy(new Response("x", { status: 201 }), {}));
      const { url } = await stage.serve({ app });
      const seen = JSON.parse((await httpRequest(url, { headers: { "x-a": "1" } })).body);
      const answer = await httpRequest(`${url}/response`);
      // What the runtime's own do: a clone is one, and so is what fetch gives.
      const own = new Request("http://h/", { headers: { "x-a": "1" } });
      const expected = await looked(own, await fetch("data:text/plain,x"));
      const fails = (values: unknown[]) => values.map((value) => /Error$/.test(String(value)));
      expect(fails(seen)).toEqual(fails(expected));
      if (expected[0] === "GET") {
        expect(seen).toEqual(wraps.flatMap(() => ["GET", "1", "1", "GET", 201, "x"]));
        expect(answer).toMatchObject({ status: 201, body: "x" });
      } else expect(answer.status).toBe(500);
    });

    it("overrideGlobalObjects: false leaves the global objects alone, and the app gets the runtime's own", async () => {
      const app = {
        fetch: async (request: Request) => new Response(`${request.method} ${await request.text()}`),
      };
      const { url } = await stage.serve({ app, overrideGlobalObjects: false });
      expect((await httpRequest(url, { method: "POST", body: "abc" })).body).toBe("POST abc");
    });
  });

  describe("a request that is passed on", () => {
    it("by fetch, goes where its own URL says, with what was set on it, without the connection's headers", async () => {
      const host = await upstream();
      const app = new Hono();
      app.all("/through", (c) => fetch(c.req.raw));
      app.all("/read", async (c) => {
        await c.req.raw.clone().text();
        c.req.raw.headers.set("x-set", "2");
        return fetch(c.req.raw);
      });
      app.all("/anew", (c) => {
        c.req.raw.headers.set("x-set", "3");
        return fetch(new Request(`http://${host}/made`, c.req.raw));
      });
      app.all("/init", (c) => fetch(c.req.raw, { headers: { "x-set": "4" } }));
      const { port } = await stage.serve({ app });
      for (const [method, sent, ...more] of [
        ["GET", ""],
        ["POST", "abc", "Content-Length: 3"],
        ["POST", "5\r\nabcde\r\n0\r\n\r\n", "Transfer-Encoding: chunked"],
        [
          "POST",
          "abc",
          "Content-Length: 3",
          "Keep-Alive: timeout=5",
          "TE: trailers",
          "Proxy-Connection: close",
        ],
      ] as const) {
        const length = method === "GET" ? 0 : more[0] === "Content-Length: 3" ? 3 : 5;
        for (const [path, url, set] of [
          ["/through", "/through?x=1", "1"],
          ["/read", "/read?x=1", "2"],
          ["/anew", "/made", "3"],
          ["/init", "/init?x=1", "4"],
        ]) {
          const lines = [
            `${method} ${path}?x=1 HTTP/1.1`,
            `Host: ${host}`,
            "X-Set: 1",
            "Connection: close",
            ...more,
          ];
          const answer = await rawHttp(port, lines, sent);
          expect([path, more, answer.status, answer.body]).toEqual([
            path,
            more,
            200,
            JSON.stringify({ method, url, set, length }),
          ]);
        }
      }
    });

    it("fetch rejects where it cannot, and its other callers notice nothing", async () => {
      const app = new Hono();
      app.post("/", async (c) => {
        await c.req.raw.text();
        // Where the runtime sends what was read all the same, it comes here without an end.
        if (c.req.header("x-again")) return c.text("again");
        c.req.raw.headers.set("x-again", "1");
        const [again, nothing] = await Promise.allSettled([fetch(c.req.raw), fetch("not a url")]);
        return c.json([again.status, nothing.status, fetch.name]);
      });
      const { url } = await stage.serve({ app });
      const answer = await httpRequest(url, { method: "POST", body: "abc" });
      expect(JSON.parse(answer.body)).toEqual(["rejected", "rejected", "fetch"]);
    });
  });

  describe("what is a promise", () => {
    it("is one of another realm, and of a library, too", async () => {
      const foreign = runInNewContext("(value) => ({ promise: Promise.resolve(value) })");
      const thenable = (value: unknown) => ({
        // biome-ignore lint/suspicious/noThenProperty: a library's promise
        then: (resolve: (value: unknown) => void) => void setImmediate(resolve, value),
      });
      const app = {
        fetch: ({ url }: Request): any =>
          url.endsWith("/realm") ? foreign(new Response("realm")).promise : thenable(new Response("library")),
      };
      const { url } = await stage.serve({ app });
      for (const kind of ["realm", "library"]) {
        expect(await httpRequest(`${url}/${kind}`)).toMatchObject({ status: 200, body: kind });
      }
    });

    it("one that rejects is the hook's failure, and ends nothing", async () => {
      const fails = runInNewContext("() => Promise.reject(new Error('of another realm'))");
      const server = await stage.serve({
        app: { fetch: fails },
        hooks: { clients: { onConnected: fails } },
      });
      expect((await httpRequest(server.url)).status).toBe(500);
      await stage.connect(server);
      expect((await httpRequest(server.url)).status).toBe(500);
      expect(server.log.mentions("error", "onConnected failed")).toBe(true);
    });
  });

  describe("a connection", () => {
    it("ends behind an answer that says so, and not before", async () => {
      const app = new Hono();
      app.get("/close", (c) => c.text("last", 200, { connection: "close" }));
      app.get("/keep", (c) => c.text("more", 200, { connection: "keep-alive", "keep-alive": "timeout=5" }));
      const { port } = await stage.serve({ app });
      const close = await rawHttp(port, ["GET /close HTTP/1.1", "Host: h"]);
      expect([close.status, close.body, close.closed]).toEqual([200, "last", true]);
      expect(close.headers).toContainEqual(["connection", "close"]);
      const keep = await rawHttp(port, ["GET /keep HTTP/1.1", "Host: h"], "", /more$/);
      expect([keep.body, keep.closed, keep.headers.map(([name]) => name)]).toEqual([
        "more",
        false,
        expect.not.arrayContaining(["keep-alive", "connection"]),
      ]);
    });

    it("goes on behind an answer whose length is another one's, or wrong", async () => {
      const app = new Hono();
      const length = (value: string) => ({ headers: { "content-length": value } });
      app.get("/304", () => new Response(null, { status: 304, ...length("1234") }));
      app.get("/head", () => new Response(null, length("1234")));
      app.get("/long", () => new Response("abc", length("5")));
      app.get("/short", () => new Response("abc", length("1")));
      app.get("/none", () => new Response("abc", length("x")));
      app.get("/next", (c) => c.text("next"));
      const { port } = await stage.serve({ app });
      for (const [line, said, body] of [
        ["GET /304", "1234", ""],
        ["HEAD /head", "1234", ""],
        ["GET /long", "3", "abc"],
        ["GET /short", "3", "abc"],
        ["GET /none", "3", "abc"],
      ] as const) {
        const next = ["GET /next HTTP/1.1", "Host: h", "Connection: close"];
        const { headers, body: rest } = await rawHttp(port, [`${line} HTTP/1.1`, "Host: h", "", ...next]);
        expect([line, headers.filter(([name]) => name === "content-length")]).toEqual([
          line,
          [["content-length", said]],
        ]);
        expect([line, rest.startsWith(`${body}HTTP/1.1 200 OK`), rest.endsWith("next")]).toEqual([
          line,
          true,
          true,
        ]);
      }
    });
  });

  describe("handshake.headers", () => {
    it("are bytes, one character each; of a header that may come once only, the first counts", async () => {
      const seen: unknown[] = [];
      const server = await stage.serve({
        hooks: {
          clients: {
            onConnected: ({ socket }: any) => {
              const { headers } = socket.handshake;
              seen.push(headers["x-city"], headers["authorization"], socket.request.headers["x-city"]);
            },
          },
        },
      });
      // The test's client writes texts as UTF-8.
      const headers = { "x-city": "M\u00fcnchen", authorization: "first\r\nAuthorization: second" };
      const raw = await stage.raw(server, { headers });
      await raw.connectNamespace();
      await eventually(() => seen.length > 0, "the connection");
      const city = Buffer.from("M\u00fcnchen", "utf8").toString("latin1");
      expect(seen).toEqual([city, "first", city]);
    });
  });

  describe("a host and a target", () => {
    it("of which a URL would make another path are 400, before the app sees them", async () => {
      const seen: string[] = [];
      const app = {
        fetch: (request: Request) => {
          seen.push(request.url);
          return new Response("seen");
        },
      };
      const { port } = await stage.serve({ app });
      const status = async (target: string, ...hosts: string[]) => {
        const lines = [
          `GET ${target} HTTP/1.1`,
          ...hosts.map((host) => `Host: ${host}`),
          "Connection: close",
        ];
        return (await rawHttp(port, lines)).status;
      };
      for (const host of [
        ...[
          "h/admin?",
          "localhost/?key=value",
          "a b",
          "user@h",
          "h:99999",
          "[::1",
          "h#x",
          "h\\x",
          "m\u00fcnchen",
        ],
        ...["a%zz", "a%2fb", "1.2.3.4.5", "h:80:80"],
      ]) {
        expect([host, await status("/public", host)]).toEqual([host, 400]);
      }
      expect(await status("/public", "a", "b")).toBe(400);
      expect(await status("/public")).toBe(400);
      for (const target of ["/public\\..\\admin", "http://user@h/", "http://h:99999/", "ftp://h/", "h:80"]) {
        expect([target, await status(target, "h")]).toEqual([target, 400]);
      }
      expect(seen).toEqual([]);
      expect(await status("http://a.example/foo", "b.example")).toBe(200);
      expect(await status("//evil.example/x", "h")).toBe(200);
      expect(await status("*", "h")).toBe(200);
      expect(seen).toEqual(["http://a.example/foo", "http://h//evil.example/x", "http://h/*"]);
    });
  });

  describe("a body stream", () => {
    it("that is cancelled while a piece is on its way ends quietly", async () => {
      const [cancelled, sent] = [gate(), gate()];
      const app = new Hono();
      app.post("/", async (c) => {
        const reader = c.req.raw.body!.getReader();
        await reader.read();
        // Asked for, and not there yet.
        const waiting = reader.read();
        await reader.cancel();
        cancelled.open();
        await sent.opened;
        return c.json([(await waiting).done, c.req.raw.signal.aborted]);
      });
      app.get("/", (c) => c.text("later"));
      const server = await stage.serve({ app });
      let answer = "";
      const socket = connect(server.port, "127.0.0.1");
      socket.on("data", (bytes) => {
        answer += bytes.toString("latin1");
      });
      // What is left of the body is nobody's: the connection may end before it is read.
      socket.on("error", () => {});
      stage.atEnd(() => socket.destroy());
      const piece = `1000\r\n${"x".repeat(0x1000)}\r\n`;
      socket.write(`POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${piece}`);
      await cancelled.opened;
      await new Promise((resolve) => socket.write(piece, resolve));
      // So that the piece had time to come.
      for (let i = 0; i < 5; i++) expect((await httpRequest(server.url)).body).toBe("later");
      sent.open();
      await eventually(() => answer.endsWith("[true,false]"), "the answer");
      expect(server.log.at("error")).toEqual([]);
    });
  });
}
