import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { eventually, gate, within } from "../support/deadline.js";
import type { serveHandshakes } from "../support/handshake-server.js";
import { errorsOf, HANDSHAKE, sidOf, useHandshakes } from "../support/handshake-stage.js";
import type { HttpRequestOptions } from "../support/http-request.js";
import { rawHttp } from "../support/raw-http.js";

const require = createRequire(import.meta.url);

/** What a program decides of a handshake, and adds to it, as programs written for Socket.IO do. */
export function handshake(make: typeof serveHandshakes): void {
  const { serve, get, webSocket, refusal, connect } = useHandshakes(make);

  describe("allowRequest", () => {
    it("decides on both transports, and sees the request", async () => {
      const seen: any[] = [];
      const server = await serve({
        allowRequest: (req: any, done: (error: unknown, success: boolean) => void) => {
          seen.push([req.method, req._query.name, req.headers["x-own"], req.socket.remoteAddress]);
          done(null, req._query.name === "ada");
        },
      });
      const headers = { "x-own": "1" };
      expect((await get(server, `${HANDSHAKE}&name=ada`, { headers })).status).toBe(200);
      const no = await get(server, `${HANDSHAKE}&name=eve`, { headers });
      expect([no.status, no.body]).toEqual([403, '{"code":4,"message":"Forbidden"}']);
      await webSocket(server, "&name=ada", headers);
      expect((await refusal(server, "&name=eve"))?.status).toBe(400);
      expect(seen[0]).toEqual(["GET", "ada", "1", "127.0.0.1"]);
      expect(seen.map(([, name]) => name)).toEqual(["ada", "eve", "ada", "eve"]);
    });

    it("sees header values as bytes, one character each, and sends them so", async () => {
      const utf8 = Buffer.from("name=M\u00fcnchen \u6771\u4eac", "utf8").toString("latin1");
      const seen: unknown[] = [];
      const server = await serve({
        allowRequest: (req: any, done: (error: unknown, success: boolean) => void) => {
          seen.push(
            req.headers.cookie,
            req.headers["x-city"],
            req.rawHeaders[req.rawHeaders.indexOf("cookie") + 1],
          );
          done(null, true);
        },
      });
      server.engine.use((req: any, res: any, next: () => void) => {
        seen.push(req.headers["x-city"]);
        res.setHeader("x-said", "M\u00fcnchen");
        next();
      });
      const { status, headers } = await rawHttp(server.port, [
        ...[
          `GET ${HANDSHAKE} HTTP/1.1`,
          "Host: h",
          `Cookie: ${utf8}`,
          "X-City: M\u00fcnchen",
          "Connection: close",
        ],
      ]);
      expect(status).toBe(200);
      expect(seen).toEqual(["M\u00fcnchen", utf8, "M\u00fcnchen", utf8]);
      expect(headers).toContainEqual(["x-said", "M\u00fcnchen"]);
    });

    it("its words are told, and so is a connection_error", async () => {
      const server = await serve({
        allowRequest: (_req: unknown, done: (error: unknown, success: boolean) => void) =>
          setTimeout(() => done("no guests", false), 5),
      });
      const told = errorsOf(server);
      const answer = await get(server);
      expect([answer.status, answer.body]).toEqual([403, '{"code":4,"message":"no guests"}']);
      const refused = await refusal(server);
      expect(refused?.response).toMatch(
        /^HTTP\/1.1 400 Bad Request\r\n[\s\S]*text\/html[\s\S]*\r\n\r\nno guests$/,
      );
      expect(told.map(({ code, message, context }) => ({ code, message, context }))).toEqual([
        { code: 4, message: "Forbidden", context: { message: "no guests" } },
        { code: 4, message: "Forbidden", context: { message: "no guests" } },
      ]);
      expect(told[0]?.req.url).toBe(HANDSHAKE);
    });

    for (const [name, allowRequest] of [
      ["throws", () => nonsense()],
      ["rejects", () => Promise.reject(new Error("no database"))],
    ] as const) {
      it(`one that ${name} lets nobody in, and the process lives`, async () => {
        const server = await serve({ allowRequest });
        const told = errorsOf(server);
        expect((await get(server)).status).toBe(400);
        expect(told[0]).toMatchObject({ code: 3, context: { name: "MIDDLEWARE_FAILURE" } });
        expect(server.log.mentions("error", "allowRequest failed")).toBe(true);
      });
    }

    it("one that never answers is overdue", async () => {
      const server = await serve({ allowRequest: () => {} }, 50);
      const told = errorsOf(server);
      expect((await get(server)).status).toBe(503);
      await eventually(() => told.length === 1, "the refusal was told");
      expect(told[0]).toMatchObject({ code: 3, context: { name: "MIDDLEWARE_FAILURE" } });
    });

    it("is not asked of what is refused anyway, nor of an open session's requests", async () => {
      let asked = 0;
      const server = await serve({
        allowRequest: (_req: unknown, done: (error: unknown, success: boolean) => void) => {
          asked++;
          done(null, true);
        },
      });
      expect((await get(server, "/socket.io/?EIO=4&transport=tin")).status).toBe(400);
      const sid = sidOf((await get(server)).body);
      await get(server, `${HANDSHAKE}&sid=${sid}`, { method: "POST", body: "40" });
      expect((await get(server, `${HANDSHAKE}&sid=${sid}`)).body).toMatch(/^40/);
      expect(asked).toBe(1);
    });
  });

  describe("engine.use", () => {
    it("runs in order before everything, sets headers, and what it sets on the request stays", async () => {
      const server = await serve();
      server.engine.use((req: any, res, next) => {
        req.first = true;
        res.setHeader("X-First", "1");
        setTimeout(next, 5);
      });
      server.engine.use((req: any, res, next) => {
        req.second = req.first;
        res.setHeader("X-Second", ["a", "b"]);
        next();
      });
      const answer = await get(server);
      expect([answer.headers["x-first"], answer.headers["x-second"]]).toEqual(["1", "a, b"]);
      for (const transports of [["polling"], ["websocket"]]) {
        const connected = server.connected();
        const client = connect(server, { transports });
        const { conn } = await within(connected, "the socket");
        expect((server.request(conn) as any).second).toBe(true);
        expect(server.request(conn)?.url).toMatch(/^\/socket.io\/\?EIO=4&transport=/);
        client.disconnect();
        await eventually(() => server.request(conn) === undefined, "the request was forgotten");
      }
      const raw = await fetch(`${server.url}/socket.io/?transport=tin`);
      expect([raw.status, raw.headers.get("x-first")]).toEqual([400, "1"]);
      expect(raw.headers.get("content-type")).toBe("application/json");
    });

    it("an error ends the handshake", async () => {
      const server = await serve();
      const told = errorsOf(server);
      server.engine.use((_req, _res, next) => next(new Error("unlucky")));
      const answer = await get(server);
      expect([answer.status, answer.body]).toEqual([400, '{"code":3,"message":"Bad request"}']);
      expect((await refusal(server))?.response).toMatch(/\r\n\r\nBad request$/);
      expect(told[0]).toMatchObject({
        code: 3,
        message: "Bad request",
        context: { name: "MIDDLEWARE_FAILURE" },
      });
    });

    it("one that throws, rejects or hangs ends only its own request", async () => {
      const server = await serve({}, 2_000);
      server.engine.use((req: any, _res, next) => {
        if (req._query.fault === "throw") nonsense();
        if (req._query.fault === "reject") return Promise.reject(new Error("no"));
        if (req._query.fault !== "hang") next();
        return undefined;
      });
      expect((await get(server, `${HANDSHAKE}&fault=throw`)).status).toBe(400);
      expect((await get(server, `${HANDSHAKE}&fault=reject`)).status).toBe(400);
      expect((await get(server, `${HANDSHAKE}&fault=hang`)).status).toBe(503);
      expect((await get(server)).status).toBe(200);
    });

    it("one that calls back twice, or after it answered, is heard once", async () => {
      const server = await serve();
      let passed = 0;
      server.engine.use((_req, res, next) => {
        next();
        next();
        next(new Error("late"));
        if (!res.writableEnded) res.end("no");
      });
      server.engine.use((_req, _res, next) => {
        passed++;
        next();
      });
      expect((await get(server)).body).toMatch(/^0\{/);
      expect(passed).toBe(1);
    });

    it("may answer the request itself", async () => {
      const server = await serve();
      server.engine.use((_req, res, next) => {
        res.writeHead(418, "Teapot", { "X-Tea": "green", "Content-Type": "text/x-tea" });
        res.write("short ");
        res.end("and stout");
        next();
      });
      const answer = await get(server);
      expect([answer.status, answer.body]).toEqual([418, "short and stout"]);
      expect([answer.headers["x-tea"], answer.headers["content-type"]]).toEqual(["green", "text/x-tea"]);
      expect((await refusal(server))?.status).toBe(418);
      expect(server.engine.clientsCount).toBe(0);
    });

    it("one that breaks request or response fails alone, and the process lives", async () => {
      const server = await serve({}, 20_000);
      const told = errorsOf(server);
      server.engine.use((req: any, res, next) => {
        const { fault } = req._query;
        if (fault === "write") {
          res.end("over");
          res.write("and out");
        } else if (fault === "destroy") res.destroy(new Error("broken"));
        else if (fault === "request") req.destroy(new Error("broken"));
        if (fault !== "destroy") next();
      });
      expect((await get(server, `${HANDSHAKE}&fault=write`)).body).toBe("over");
      expect((await get(server, `${HANDSHAKE}&fault=destroy`)).status).toBe(400);
      expect((await get(server, `${HANDSHAKE}&fault=request`)).status).toBe(200);
      expect(told.map(({ code }) => code)).toEqual([3]);
      expect(server.log.mentions("error", "io.engine.use failed")).toBe(true);
    });

    it("a client that goes while it is decided leaves nothing behind", async () => {
      // Whether or not its going was noticed in time, its session has to be gone in the end.
      const server = await serve({ pingInterval: 300, pingTimeout: 2_500 });
      const asked = gate();
      const decided = gate();
      const requests: any[] = [];
      server.engine.use((req, _res, next) => {
        requests.push(req);
        asked.open();
        void decided.opened.then(() => next());
      });
      const going = new AbortController();
      const answer = get(server, HANDSHAKE, { signal: going.signal }).catch(() => "gone");
      await asked.opened;
      going.abort();
      expect(await answer).toBe("gone");
      decided.open();
      const next = await get(server);
      expect(server.request(sidOf(next.body))).toBe(requests[1]);
      await eventually(() => server.engine.clientsCount === 0, "no session");
    });

    it("express-session: a session, its cookie, and the same session the next time", async () => {
      const server = await serve();
      const session = require("express-session");
      server.engine.use(session({ secret: "s", resave: false, saveUninitialized: true }));
      server.engine.use((req: any, _res, next) => {
        req.session.count = (req.session.count ?? 0) + 1;
        next();
      });
      const first = await get(server);
      const [cookie] = first.headers["set-cookie"] as string[];
      expect(cookie).toMatch(/^connect\.sid=.*; Path=\/; HttpOnly$/);
      const again = { cookie: cookie?.split(";")[0] as string };
      const connected = server.connected();
      const raw = await webSocket(server, "", again);
      await raw.connectNamespace();
      const { conn } = await connected;
      const { session: kept } = server.request(conn) as any;
      expect([kept.count, typeof kept.save]).toEqual([2, "function"]);
      kept.count = 10;
      await new Promise((resolve) => kept.save(resolve));
      await get(server, HANDSHAKE, { headers: again });
      const third = await get(server, HANDSHAKE, { headers: again });
      expect((server.request(sidOf(third.body)) as any).session.count).toBe(12);
    });
  });

  describe("headers", () => {
    it("initial_headers once, headers each time, on polling and on WebSocket", async () => {
      const server = await serve();
      const told: string[] = [];
      server.engine.on("initial_headers", (headers, req) => {
        told.push(`initial ${req.method}`);
        headers.test = "123";
        headers["set-cookie"] = "mycookie=456";
      });
      server.engine.on("headers", (headers, req) => {
        told.push(`each ${req.method}`);
        headers.hi = headers["Content-Type"] ?? "none";
      });
      const first = await get(server);
      expect(first.headers).toMatchObject({
        ...{ test: "123", hi: "text/plain; charset=UTF-8", "set-cookie": ["mycookie=456"] },
        "cache-control": "no-store",
      });
      const path = `${HANDSHAKE}&sid=${sidOf(first.body)}`;
      const post = await get(server, path, { method: "POST", body: "40" });
      expect([post.headers["hi"], post.headers["test"]]).toEqual(["text/html", undefined]);
      expect((await get(server, path)).headers["hi"]).toBe("text/plain; charset=UTF-8");
      expect(told).toEqual(["initial GET", "each GET", "each POST", "each GET"]);
      await webSocket(server);
      expect(told.slice(4)).toEqual(["initial GET", "each GET"]);
    });

    it("a listener that says what cannot be said fails that request alone", async () => {
      const server = await serve();
      server.engine.once("headers", (headers) => {
        headers["x-bad"] = "a\r\nb: c";
      });
      expect((await get(server)).status).toBe(400);
      expect((await get(server)).status).toBe(200);
    });

    it("without hooks nothing crosses, and off means off", async () => {
      const server = await serve();
      const listener = () => {
        throw new Error("not any more");
      };
      server.engine.on("headers", listener);
      server.engine.off("headers", listener);
      expect((await get(server)).status).toBe(200);
      expect(server.log.at("error")).toEqual([]);
    });
  });

  describe("connection_error", () => {
    it("of every refusal, with Engine.IO's codes", async () => {
      const server = await serve();
      const told = errorsOf(server);
      const open = sidOf((await get(server)).body);
      const requests: [
        path: string,
        options: HttpRequestOptions,
        code: number,
        message: string,
        context: object,
      ][] = [
        ["?EIO=4", {}, 0, "Transport unknown", {}],
        ["?EIO=4&transport=tobi", {}, 0, "Transport unknown", { transport: "tobi" }],
        ["?transport=constructor", {}, 0, "Transport unknown", { transport: "constructor" }],
        ["?EIO=4&transport=polling&sid=test", {}, 1, "Session ID unknown", { sid: "test" }],
        ["?EIO=4&transport=polling", { method: "POST" }, 2, "Bad handshake method", { method: "POST" }],
        ["?EIO=4&transport=polling", { method: "OPTIONS" }, 2, "Bad handshake method", { method: "OPTIONS" }],
        ["?EIO=4&transport=websocket", {}, 3, "Bad request", { name: "TRANSPORT_HANDSHAKE_ERROR" }],
        [
          ...([`?EIO=4&transport=websocket&sid=${open}`, {}, 3, "Bad request"] as const),
          { name: "TRANSPORT_MISMATCH", transport: "websocket", previousTransport: "polling" },
        ],
        ["?EIO=3&transport=polling", {}, 5, "Unsupported protocol version", { protocol: 3 }],
      ];
      for (const [query, options, code, message, context] of requests) {
        const answer = await get(server, `/socket.io/${query}`, options);
        expect([query, answer.status, answer.body]).toEqual([query, 400, JSON.stringify({ code, message })]);
        await eventually(() => told.length === 1, "the refusal was told");
        const error = told.pop();
        expect({ ...error, req: error?.req.url }).toEqual({
          req: `/socket.io/${query}`,
          code,
          message,
          context,
        });
      }
      expect((await refusal(server, "&sid=test"))?.response).toMatch(
        /^HTTP\/1.1 400 Bad Request\r\n[\s\S]*connection: close[\s\S]*\r\n\r\nSession ID unknown$/i,
      );
    });

    it("has the request that middlewares saw", async () => {
      const server = await serve();
      const told = errorsOf(server);
      server.engine.use((req: any, _res, next) => {
        req.seen = true;
        next();
      });
      await get(server, "/socket.io/?EIO=4&transport=tobi");
      await eventually(() => told.length === 1, "the refusal was told");
      expect(told[0]?.req.seen).toBe(true);
    });
  });
}

function nonsense(): never {
  throw new Error("nonsense");
}
