import { connect } from "node:net";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { eventually, gate, within } from "../support/deadline.js";
import { httpRequest } from "../support/http-request.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

/** Everything outside the Socket.IO path is the app's. */
export function http(serve: Serve): void {
  describe("HTTP", () => {
    const stage = useStage(serve);

    async function serving(app: Hono) {
      return (await stage.serve({ app })).url;
    }

    it("GET: path, query, headers; JSON and status come back", async () => {
      const app = new Hono();
      app.get("/users/:id", (c) =>
        c.json(
          { id: c.req.param("id"), query: c.req.query(), tag: c.req.header("x-tag"), url: c.req.url },
          203,
          { "x-answer": "yes" },
        ),
      );
      const url = await serving(app);
      const response = await fetch(`${url}/users/a%20b?x=1&y=%C3%BC`, { headers: { "x-tag": "t" } });
      expect([response.status, response.headers.get("x-answer")]).toEqual([203, "yes"]);
      expect(response.headers.get("content-type")).toContain("application/json");
      expect(await response.json()).toEqual({
        id: "a b",
        query: { x: "1", y: "ü" },
        tag: "t",
        url: `${url}/users/a%20b?x=1&y=%C3%BC`,
      });
    });

    it("a body says what it is where the app does not", async () => {
      const form = new FormData();
      form.set("a", "b");
      const app = new Hono();
      app.get("/text", (c) => c.text("<b>"));
      app.get("/response", () => new Response("<b>"));
      app.get("/clone", () => new Response("<b>").clone());
      app.get("/blob", () => new Response(new Blob(["x"], { type: "image/png" })));
      app.get("/form", () => new Response(form));
      app.get("/query", () => new Response(new URLSearchParams("a=b")));
      app.get("/own", () => new Response("x", { headers: { "content-type": "text/css" } }));
      app.get("/stream", () => new Response(new Blob(["x"]).stream()));
      app.get("/none", () => new Response(null, { status: 204 }));
      const url = await serving(app);
      const type = async (path: string, method = "GET") => {
        const response = await fetch(url + path, { method });
        expect(await response.text()).toEqual(method === "HEAD" ? "" : expect.anything());
        return response.headers.get("content-type")?.toLowerCase().replace(" ", "");
      };
      for (const path of ["/text", "/response", "/clone"]) {
        expect([await type(path), await type(path, "HEAD")]).toEqual(
          Array(2).fill("text/plain;charset=utf-8"),
        );
      }
      expect(await type("/blob")).toBe("image/png");
      expect(await type("/form")).toMatch(/^multipart\/form-data;boundary=/);
      expect(await type("/query")).toBe("application/x-www-form-urlencoded;charset=utf-8");
      expect([await type("/own"), await type("/none")]).toEqual(["text/css", undefined]);
      // On Bun nobody sees whether a stream is the app's or another response's body.
      expect(await type("/stream")).toBe("Bun" in globalThis ? "text/plain;charset=utf-8" : undefined);
    });

    it("POST, PUT, PATCH, DELETE: the body arrives whole, text and bytes", async () => {
      const app = new Hono();
      app.on(["POST", "PUT", "PATCH", "DELETE"], "/json", async (c) =>
        c.json({ method: c.req.method, body: await c.req.json() }),
      );
      app.post("/bytes", async (c) =>
        c.body(await c.req.arrayBuffer(), 200, { "content-type": "application/octet-stream" }),
      );
      const url = await serving(app);
      for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
        const body = { text: "grüße", n: [1, null] };
        const response = await fetch(`${url}/json`, {
          method,
          body: JSON.stringify(body),
          headers: { "content-type": "application/json" },
        });
        expect(await response.json()).toEqual({ method, body });
      }
      const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7);
      const response = await fetch(`${url}/bytes`, { method: "POST", body: bytes });
      expect(Buffer.from(await response.arrayBuffer()).equals(Buffer.from(bytes))).toBe(true);
    });

    it("a client that sends no more behind its request gets the answer, and one that is gone is noticed", async () => {
      const app = new Hono();
      const [asked, gone] = [gate(), gate()];
      app.get("/now", (c) => c.text("at once"));
      app.post("/now", async (c) => c.text(await c.req.text()));
      app.get("/never", (c) => {
        c.req.raw.signal.addEventListener("abort", () => gone.open());
        asked.open();
        return new Promise<never>(() => {});
      });
      const { port, host } = await stage.serve({ app });
      const ask = (text: string) => {
        const socket = connect({ port, host, allowHalfOpen: true }).on("error", () => {});
        stage.atEnd(() => socket.destroy());
        let heard = "";
        socket.on("data", (data) => {
          heard += data;
        });
        socket.end(text);
        return within(new Promise<string>((resolve) => socket.once("end", () => resolve(heard))), "the end");
      };
      for (let n = 0; n < 20; n++) {
        const answer = await ask("GET /now HTTP/1.1\r\nHost: h\r\n\r\n");
        expect([answer.slice(9, 12), answer.slice(-7)]).toEqual(["200", "at once"]);
      }
      const echo = await ask("POST /now HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
      expect(echo.slice(-4)).toBe("body");
      const never = ask("GET /never HTTP/1.1\r\nHost: h\r\n\r\n");
      await asked.opened;
      await gone.opened;
      expect(await never).toBe("");
    });

    it("a body in chunks without a length arrives whole", async () => {
      const app = new Hono();
      app.post("/", async (c) => c.text(await c.req.text()));
      const url = await serving(app);
      const answer = await httpRequest(url, {
        method: "POST",
        body: "in chunks",
        headers: { "transfer-encoding": "chunked" },
      });
      expect(answer.body).toBe("in chunks");
    });

    it("several set-cookie headers stay several; redirects, empty answers and HEAD are as they are", async () => {
      const app = new Hono();
      app.get("/cookies", (c) => {
        c.header("set-cookie", "a=1; Path=/", { append: true });
        c.header("set-cookie", "b=2; HttpOnly", { append: true });
        return c.text("set");
      });
      app.get("/moved", (c) => c.redirect("/cookies", 301));
      app.get("/nothing", (c) => c.body(null, 204));
      const url = await serving(app);
      expect((await fetch(`${url}/cookies`)).headers.getSetCookie()).toEqual([
        "a=1; Path=/",
        "b=2; HttpOnly",
      ]);
      const moved = await httpRequest(`${url}/moved`);
      expect([moved.status, moved.headers["location"]]).toEqual([301, "/cookies"]);
      expect(await httpRequest(`${url}/nothing`)).toMatchObject({ status: 204, body: "" });
      expect(await httpRequest(`${url}/cookies`, { method: "HEAD" })).toMatchObject({
        status: 200,
        body: "",
      });
    });

    it("a body that the app streams arrives whole", async () => {
      const app = new Hono();
      app.get("/", () => {
        let n = 0;
        return new Response(
          new ReadableStream({
            pull: (to) => (n < 50 ? to.enqueue(new TextEncoder().encode(`${n++},`)) : to.close()),
          }),
        );
      });
      expect(await (await fetch(await serving(app))).text()).toBe(
        Array.from({ length: 50 }, (_, i) => `${i},`).join(""),
      );
    });

    it("what the app does not know is its own 404", async () => {
      const app = new Hono();
      app.notFound((c) => c.text("nothing here, says Hono", 404));
      const url = await serving(app);
      for (const path of ["/", "/socket", "/socket.io.js", "/favicon.ico"]) {
        const response = await fetch(url + path);
        expect([path, response.status, await response.text()]).toEqual([
          path,
          404,
          "nothing here, says Hono",
        ]);
      }
    });

    for (const [how, answer] of [
      [
        "throws",
        () => {
          throw new Error("password is swordfish");
        },
      ],
      ["rejects", () => Promise.reject(new Error("password is swordfish"))],
      ["returns no Response", () => ({ status: 200 }) as unknown as Response],
    ] as const) {
      it(`an app that ${how} is a 500 without the exception's text, and a log line`, async () => {
        const server = await stage.serve({ app: { fetch: answer } });
        for (let i = 0; i < 2; i++) {
          const response = await fetch(server.url);
          expect(response.status).toBe(500);
          expect(await response.text()).not.toContain("swordfish");
        }
        expect(server.log.at("error").length).toBeGreaterThan(0);
      });
    }

    it("a body over limits.httpBody is a 413, whether announced or not: the app sees nothing of it, or a body that breaks off", async () => {
      const called: string[] = [];
      const app = new Hono();
      app.post("/", async (c) => {
        const read = await c.req.arrayBuffer().catch(() => undefined);
        called.push(read ? "whole" : "broken");
        return c.text(String(read?.byteLength));
      });
      const server = await stage.serve({ app, limits: { httpBody: 1_000 } });
      const post = (length: number, headers?: Record<string, string>) =>
        httpRequest(server.url, {
          method: "POST",
          body: "x".repeat(length),
          ...(headers ? { headers } : {}),
        });
      expect(await post(1_000)).toMatchObject({ status: 200, body: "1000" });
      expect((await post(1_001)).status).toBe(413);
      expect((await post(5_000, { "transfer-encoding": "chunked" })).status).toBe(413);
      // The client need not wait for the app to hear of it.
      await eventually(() => called.length === 2, "the app to hear of it");
      expect(called).toEqual(["whole", "broken"]);
      expect(server.log.at("error")).toEqual([]);
    });

    it("without an app there is one, to which routes can be added", async () => {
      const server = await stage.serve({});
      server.dialogue.app.get("/health", (c) => c.json({ rooms: server.dialogue.rooms().length }));
      expect(await (await fetch(`${server.url}/health`)).json()).toEqual({ rooms: 0 });
      expect((await fetch(`${server.url}/other`)).status).toBe(404);
    });

    it("many requests at once are answered each with its own", async () => {
      const app = new Hono();
      app.get("/:n", async (c) => {
        await new Promise((resolve) => setTimeout(resolve, Number(c.req.param("n")) % 7));
        return c.text(c.req.param("n"));
      });
      const url = await serving(app);
      const answers = await Promise.all(
        Array.from({ length: 100 }, async (_, n) => (await fetch(`${url}/${n}`)).text()),
      );
      expect(answers).toEqual(Array.from({ length: 100 }, (_, n) => String(n)));
    });

    it("answers that leave together come to whom they belong: text of any language, cookies, statuses, none and large bodies", async () => {
      const app = new Hono();
      const texts = [
        "plain",
        "größer",
        "日本語\n\n1 200 3\n",
        "🦀".repeat(100),
        "",
        "x".repeat(40_000),
        "\ud800 alone",
      ];
      app.get("/:n", (c) => {
        const n = Number(c.req.param("n"));
        for (let cookie = 0; cookie < n % 3; cookie++)
          c.header("set-cookie", `c${cookie}=${n}`, { append: true });
        return c.text(texts[n % texts.length]!, n % 5 === 4 ? 404 : 200, { "x-n": String(n) });
      });
      const url = await serving(app);
      const answers = Array.from({ length: 210 }, async (_, n) => {
        const answer = await httpRequest(`${url}/${n}`);
        const cookies = Array.from({ length: n % 3 }, (_, cookie) => `c${cookie}=${n}`);
        expect([n, answer.status, answer.headers["x-n"]]).toEqual([n, n % 5 === 4 ? 404 : 200, String(n)]);
        expect(answer.headers["set-cookie"] ?? []).toEqual(cookies);
        expect(answer.body).toBe(texts[n % texts.length]!.replace("\ud800", "\ufffd"));
      });
      await Promise.all(answers);
    });

    it("the global Response is what a Response is: by its methods, by instanceof, extended, read and made anew", async () => {
      class Greeting extends Response {
        constructor() {
          super("hello", { headers: { "x-made": "by-class" } });
        }
      }
      const app = new Hono();
      app.get("/json", () => Response.json({ a: ["ä"] }, { status: 201, headers: { "x-a": "1" } }));
      app.get("/redirect", () => Response.redirect("http://127.0.0.1/elsewhere", 303));
      app.get("/class", () => new Greeting());
      app.get("/changed", () => {
        const response = new Response("text", { headers: { "x-a": "1" } });
        response.headers.set("x-a", "2");
        response.headers.append("x-b", "3");
        return response;
      });
      app.get("/clone", async () => {
        const response = new Response("twice");
        return new Response(`${await response.clone().text()} ${await response.text()}`);
      });
      app.get("/copy", () => {
        const response = new Response("copied", { status: 202, headers: { "x-a": "1" } });
        return new Response(response.body, response);
      });
      app.get("/read", async () => {
        const response = new Response("read");
        await response.text();
        return response;
      });
      app.get("/fetched", async (c) => {
        const fetched = await fetch(`${new URL(c.req.url).origin}/json`);
        const own = new Greeting();
        return c.json([
          fetched instanceof Response,
          own instanceof Response && own instanceof Greeting,
          fetched instanceof Greeting,
          c.req.raw instanceof Request,
          new Response("a").constructor.name === "Response",
          (await (await fetch(new Request(c.req.raw.url.replace("fetched", "class")))).text()) === "hello",
        ]);
      });
      const server = await stage.serve({ app });
      const get = (path: string) => httpRequest(`${server.url}${path}`);
      const json = await get("/json");
      expect([json.status, json.headers["x-a"], JSON.parse(json.body)]).toEqual([201, "1", { a: ["ä"] }]);
      expect(json.headers["content-type"]).toContain("application/json");
      const redirect = await get("/redirect");
      expect([redirect.status, redirect.headers["location"]]).toEqual([303, "http://127.0.0.1/elsewhere"]);
      const made = await get("/class");
      expect([made.body, made.headers["x-made"]]).toEqual(["hello", "by-class"]);
      const changed = await get("/changed");
      expect([changed.body, changed.headers["x-a"], changed.headers["x-b"]]).toEqual(["text", "2", "3"]);
      expect((await get("/clone")).body).toBe("twice twice");
      const copy = await get("/copy");
      expect([copy.status, copy.body, copy.headers["x-a"]]).toEqual([202, "copied", "1"]);
      expect((await get("/read")).status).toBe(500);
      expect(JSON.parse((await get("/fetched")).body)).toEqual([true, true, false, true, true, true]);
    });

    it("a route may trigger, and clients hear it", async () => {
      const app = new Hono();
      const server = await stage.serve({
        app,
        rooms: { news: { name: "News", events: [], defaultSubscriptions: ["*"] } },
      });
      app.post("/publish", async (c) =>
        c.json(server.dialogue.trigger("news", { name: "headline" }, await c.req.json()).isOk),
      );
      const client = await stage.connect(server);
      await client.join("news");
      const response = await fetch(`${server.url}/publish`, {
        method: "POST",
        body: JSON.stringify({ text: "hello" }),
      });
      expect(await response.json()).toBe(true);
      expect(await client.next("dialogue:event")).toMatchObject({
        event: "headline",
        data: { text: "hello" },
        from: "system",
      });
    });
  });
}
