import { Hono } from "hono";
import { describe, expect, it } from "vitest";
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

    it("a body over limits.httpBody is a 413, whether announced or not, and never reaches the app", async () => {
      let called = 0;
      const app = new Hono();
      app.post("/", async (c) => {
        called++;
        return c.text(String((await c.req.arrayBuffer()).byteLength));
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
      expect(called).toBe(1);
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
