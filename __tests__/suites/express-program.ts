import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, createServer, get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import supertest from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Attached } from "../support/attached-server.js";
import { within } from "../support/deadline.js";
import { httpRequest } from "../support/http-request.js";

/** An Express program as one writes it for Socket.IO: `createServer(app)`, and a server attached to that. */
export function expressProgram(): void {
  describe("an Express program behind an engine", () => {
    const stage = new Attached();
    const files = mkdtempSync(join(tmpdir(), "dialogue-files-"));
    const large = "0123456789".repeat(200_000);
    const app = express();
    app.set("trust proxy", "loopback");
    app.use(express.static(files));
    app.post("/json", express.json(), (request, response) => void response.json({ got: request.body }));
    app.post("/form", express.urlencoded({ extended: false }), (request, response) => {
      response.status(201).json(request.body);
    });
    app.get("/old", (_request, response) => response.redirect("/new?a=b"));
    app.get("/ip", (request, response) => void response.json([request.ip, request.ips, request.hostname]));
    app.get("/cookie", (_request, response) => void response.cookie("a", "1").cookie("b", "2").send("set"));
    app.get("/download", (_request, response) => response.download(join(files, "large.txt")));
    app.get("/events", (request, response) => {
      response.set("content-type", "text/event-stream").flushHeaders();
      let n = 0;
      const timer = setInterval(() => response.write(`data: ${n++}\n\n`), 5);
      request.on("close", () => clearInterval(timer));
    });
    app.get("/fails", () => {
      throw new Error("no");
    });
    const server = createServer(app);
    stage.attach(server);
    const agent = supertest(server);

    beforeAll(() => {
      writeFileSync(join(files, "index.html"), "<h1>hello</h1>");
      writeFileSync(join(files, "large.txt"), large);
    });
    afterAll(async () => {
      await stage.closeAll();
      rmSync(files, { recursive: true });
    });

    it("static files: types, ranges, conditional requests, and the index", async () => {
      const index = await agent
        .get("/")
        .expect(200)
        .expect("content-type", /text\/html/);
      expect(index.text).toBe("<h1>hello</h1>");
      await agent
        .get("/")
        .set("if-none-match", index.headers["etag"] ?? "")
        .expect(304);
      const part = await agent.get("/large.txt").set("range", "bytes=10-14").expect(206);
      expect([part.text, part.headers["content-range"]]).toEqual(["01234", `bytes 10-14/${large.length}`]);
      expect((await agent.get("/large.txt")).text).toBe(large);
      const head = await agent.head("/large.txt").expect(200);
      expect(head.headers["content-length"]).toBe(String(large.length));
    });

    it("bodies are parsed, answers are as written", async () => {
      const body = { text: "grüße", list: Array.from({ length: 5_000 }, (_, i) => i) };
      expect((await agent.post("/json").send(body).expect(200)).body).toEqual({ got: body });
      await agent.post("/json").type("json").send("{").expect(400);
      await agent
        .post("/json")
        .send({ long: "x".repeat(200_000) })
        .expect(413);
      expect((await agent.post("/form").type("form").send("a=1&b=2").expect(201)).body).toEqual({
        a: "1",
        b: "2",
      });
      await agent.get("/old").expect(302).expect("location", "/new?a=b");
      await agent.get("/nothing").expect(404, /Cannot GET \/nothing/);
      await agent.get("/fails").expect(500);
      const cookies = await agent.get("/cookie").expect(200, "set").expect("x-powered-by", "Express");
      expect(cookies.headers["set-cookie"]).toEqual(["a=1; Path=/", "b=2; Path=/"]);
      const download = await agent.get("/download").expect("content-disposition", /large\.txt/);
      expect(download.text).toBe(large);
    });

    it("the client's address is its own, or what a trusted proxy says", async () => {
      const plain = (await agent.get("/ip")).body;
      expect(plain[0]).toMatch(/^(::ffff:)?127\.0\.0\.1$/);
      const proxied = (await agent.get("/ip").set("x-forwarded-for", "9.9.9.9, 8.8.8.8")).body;
      expect(proxied).toEqual(["8.8.8.8", ["8.8.8.8"], "127.0.0.1"]);
    });

    it("events stream to their reader, and Socket.IO answers beside them", async () => {
      await new Promise<void>((resolve) => void server.listen(0, resolve));
      const { port } = stage.last();
      const url = `http://127.0.0.1:${port}`;
      const reading = new AbortController();
      const response = await fetch(`${url}/events`, { signal: reading.signal });
      const reader = response.body!.getReader();
      let text = "";
      while (!text.includes("data: 3\n\n")) {
        const { value } = await within(reader.read(), "an event");
        text += new TextDecoder().decode(value);
      }
      reading.abort();
      // A browser's connection carries both.
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const ask = (path: string) =>
        new Promise<string>((resolve, reject) => {
          get(url + path, { agent }, (response) => {
            let text = "";
            response.setEncoding("utf8").on("data", (chunk) => {
              text += chunk;
            });
            response.on("end", () => resolve(text));
          }).on("error", reject);
        });
      expect(await ask("/")).toBe("<h1>hello</h1>");
      expect(await ask("/socket.io/?EIO=4&transport=polling")).toMatch(/^0\{"sid"/);
      expect(await ask("/")).toBe("<h1>hello</h1>");
      agent.destroy();
      expect((await httpRequest(`${url}/socket.io`)).status).toBeGreaterThanOrEqual(400);
    });
  });
}
