import { readFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";
import { eventually, gate, within } from "../support/deadline.js";
import { httpRequest } from "../support/http-request.js";
import { chatRoom } from "../support/rooms.js";
import { LONG, scaled } from "../support/scale.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const MB = 1024 * 1024;

/** Bodies that stream, in both directions, and clients that go away meanwhile. */
export function httpStreams(serve: Serve): void {
  const stage = useStage(serve);

  /** A server in a process of its own, and by how much its memory grew at most while `act` ran. */
  async function growth(act: (url: string) => Promise<void>): Promise<number> {
    // V8 enlarges its young generation as it sees fit, whatever is in use.
    const program = new ChildProgram("streaming-server.mjs", {}, ["--max-semi-space-size=1"]);
    stage.atEnd(() => program.kill());
    const { port, pid } = await program.line("port");
    const url = `http://127.0.0.1:${port}`;
    const resident = () =>
      Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1024;
    // What it takes once and keeps.
    await upload(url, 4 * MB);
    await download(url, 4 * MB);
    const idle = resident();
    let most = idle;
    const watching = setInterval(() => {
      most = Math.max(most, resident());
    }, 10);
    await act(url).finally(() => clearInterval(watching));
    return most - idle;
  }

  function upload(url: string, bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const outgoing = request(`${url}/upload`, { method: "POST", agent: false }, (response) => {
        let text = "";
        response.on("data", (data) => {
          text += data;
        });
        response.on("end", () => {
          expect(JSON.parse(text)).toEqual({ bytes });
          resolve();
        });
      });
      outgoing.on("error", reject);
      const piece = Buffer.alloc(64 * 1024, "y");
      let left = bytes;
      const write = () => {
        while (left > 0) {
          const next = piece.subarray(0, Math.min(left, piece.length));
          left -= next.length;
          if (!outgoing.write(next)) return void outgoing.once("drain", write);
        }
        outgoing.end();
      };
      write();
    });
  }

  function download(url: string, bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      request(`${url}/download/${bytes}`, { agent: false }, (response) => {
        let received = 0;
        response.on("data", (data: Buffer) => {
          received += data.length;
        });
        response.on("error", reject);
        response.on("end", () => {
          expect(received).toBe(bytes);
          resolve();
        });
      })
        .on("error", reject)
        .end();
    });
  }

  describe("HTTP bodies that stream", () => {
    it("an upload is read as it comes, within 20 MB of memory", async () => {
      const grown = await growth((url) => upload(url, scaled(50, 100) * MB));
      expect(grown).toBeLessThan(20 * MB);
    }, 60_000);

    it("a download is made as it goes, within 20 MB of memory, also where its reader stops for a while", async () => {
      const grown = await growth(async (url) => {
        const pausing = new Promise<void>((resolve, reject) => {
          request(`${url}/download/${32 * MB}`, { agent: false }, (response) => {
            response.once("data", () => {
              response.pause();
              setTimeout(() => response.resume(), 500);
            });
            response.on("data", () => {});
            response.on("end", resolve);
          })
            .on("error", reject)
            .end();
        });
        await Promise.all([download(url, scaled(50, 1_000) * MB), pausing]);
      });
      expect(grown).toBeLessThan(20 * MB);
    }, 120_000);

    it("an echo answers while the request is still being sent", async () => {
      const app = new Hono();
      app.post("/echo", (c) => new Response(c.req.raw.body));
      const server = await stage.serve({ app });
      const received: string[] = [];
      const heard = gate();
      const outgoing = request(`${server.url}/echo`, { method: "POST", agent: false });
      outgoing.on("response", (response) => {
        response.on("data", (data) => {
          received.push(String(data));
          if (received.length === 1) outgoing.end("two");
        });
        response.on("end", () => heard.open());
      });
      outgoing.write("one");
      await heard.opened;
      expect(received).toEqual(["one", "two"]);
    });

    it("Server-Sent Events arrive as they are sent, and the app hears when the client goes", async () => {
      const app = new Hono();
      const gone = gate();
      const count = LONG ? 100 : 10;
      // Each is sent when the one before was read: they cannot wait for one another.
      const read = Array.from({ length: count }, () => gate());
      app.get("/events", (c) =>
        streamSSE(c, async (stream) => {
          stream.onAbort(() => gone.open());
          for (let n = 0; n < count; n++) {
            await read[n]!.opened;
            await stream.writeSSE({ data: String(n) });
          }
        }),
      );
      const server = await stage.serve({ app });
      const controller = new AbortController();
      const response = await fetch(`${server.url}/events`, { signal: controller.signal });
      expect(response.headers.get("content-type")).toContain("text/event-stream");
      const reader = response.body!.getReader();
      const seconds = LONG ? 10 : 1;
      for (let n = 0; n < count / 2; n++) {
        read[n]!.open();
        let text = "";
        while (!text.endsWith("\n\n")) text += new TextDecoder().decode((await reader.read()).value);
        expect(text).toBe(`data: ${n}\n\n`);
        await new Promise((resolve) => setTimeout(resolve, (seconds * 1_000) / (count / 2)));
      }
      controller.abort();
      await gone.opened;
    });

    it("a client that goes away aborts the request's signal, while the app works and while it streams", async () => {
      const app = new Hono();
      const working = gate();
      const [early, late] = [gate(), gate()];
      app.get("/work", async (c) => {
        c.req.raw.signal.addEventListener("abort", () => early.open());
        working.open();
        await early.opened;
        return c.text("too late");
      });
      app.get("/stream", () => {
        const body = new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode("first")),
          cancel: () => late.open(),
        });
        return new Response(body);
      });
      const server = await stage.serve({ app });
      const first = new AbortController();
      const asked = fetch(`${server.url}/work`, { signal: first.signal });
      await working.opened;
      first.abort();
      await expect(asked).rejects.toThrow();
      await early.opened;

      const second = new AbortController();
      const response = await fetch(`${server.url}/stream`, { signal: second.signal });
      await response.body!.getReader().read();
      second.abort();
      await late.opened;
      expect(server.log.at("error")).toEqual([]);
    });

    it("a stream that fails half-way is cut, which the client sees, and logged", async () => {
      const app = new Hono();
      app.get("/", () => {
        let pulled = 0;
        const body = new ReadableStream({
          async pull(controller) {
            if (pulled++ > 0) {
              // Before anything was sent it would be a 500.
              await new Promise(setImmediate);
              throw new Error("the disk is gone");
            }
            controller.enqueue(new TextEncoder().encode("beginning"));
          },
        });
        return new Response(body);
      });
      const server = await stage.serve({ app });
      await expect(fetch(server.url).then((response) => response.text())).rejects.toThrow();
      await eventually(() => server.log.at("error").length === 1, "the failure is logged");
    });

    it("a stream that fails right after its response was begun is cut, and never an empty answer", async () => {
      const app = new Hono();
      app.get("/", () => {
        const pull = async () => {
          // Long enough that the response is begun, short enough that nothing of it has left.
          for (let turn = 0; turn < 12; turn++) await undefined;
          throw new Error("the disk is gone");
        };
        return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
      });
      const server = await stage.serve({ app });
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, async () => {
          const response = await fetch(server.url).catch(() => undefined);
          const text = await response?.text().catch(() => undefined);
          return response?.status === 200 && text !== undefined ? "whole" : "cut, or a 500";
        }),
      );
      expect(new Set(outcomes)).toEqual(new Set(["cut, or a 500"]));
    });

    it("an answer that is made of a request's body breaks off with it where that is over limits.httpBody", async () => {
      const app = new Hono();
      app.post("/", (c) => new Response(c.req.raw.body));
      const server = await stage.serve({ app, limits: { httpBody: 1_000 } });
      const socket = connect(server.port, server.host).on("error", () => {});
      let said = "";
      socket.on("data", (data) => {
        said += data;
      });
      const piece = `258\r\n${"a".repeat(600)}\r\n`;
      socket.write(`POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n${piece}`);
      await eventually(() => said.includes("a".repeat(600)), "the first half to come back");
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.write(`${piece}0\r\n\r\n`);
      await within(closed, "the connection to close");
      expect(said.startsWith("HTTP/1.1 200")).toBe(true);
      expect(said.endsWith("0\r\n\r\n")).toBe(false);
      // The client's fault, and not the app's.
      expect(server.log.at("error")).toEqual([]);
    });

    it("1,000 requests at once are answered while 200 sockets talk", async () => {
      const app = new Hono();
      app.get("/square/:n", async (c) => c.json({ square: Number(c.req.param("n")) ** 2 }));
      const server = await stage.serve({ app, rooms: { chat: chatRoom() } });
      const crowd = await stage.crowd(server, 200);
      await Promise.all(crowd.map((client) => client.join("chat")));
      const talking = crowd
        .slice(0, 20)
        .map((client, n) => client.ask("dialogue:trigger", { roomId: "chat", event: "message", data: n }));
      const numbers = Array.from({ length: 1_000 }, (_, n) => n);
      const answers = await within(
        Promise.all(numbers.map(async (n) => (await fetch(`${server.url}/square/${n}`)).json())),
        "a thousand answers",
        20_000,
      );
      expect(answers).toEqual(numbers.map((n) => ({ square: n * n })));
      expect((await Promise.all(talking)).every(({ ok }) => ok)).toBe(true);
      await Promise.all(crowd.map((client) => client.count("dialogue:event", 20)));
    }, 30_000);

    it("a head over limits.httpHeaders is a 431; one request too many a 503 that says when to come again", async () => {
      const app = new Hono();
      const [busy, done] = [gate(), gate()];
      app.get("/slow", async (c) => {
        busy.open();
        await done.opened;
        return c.text("at last");
      });
      const server = await stage.serve({ app, limits: { httpHeaders: 10_000, httpInFlight: 1 } });
      const large = { "x-large": "x".repeat(11_000) };
      expect((await httpRequest(server.url, { headers: large })).status).toBe(431);
      const slow = httpRequest(`${server.url}/slow`);
      await busy.opened;
      expect(await httpRequest(server.url)).toMatchObject({
        status: 503,
        headers: { "retry-after": expect.any(String) },
      });
      done.open();
      expect((await slow).body).toBe("at last");
    });

    it("an app that never answers is a 504 at limits.httpTimeout, and is told", async () => {
      const app = new Hono();
      const told = gate();
      app.get("/", (c) => {
        c.req.raw.signal.addEventListener("abort", () => told.open());
        return new Promise<never>(() => {});
      });
      const server = await stage.serve({ app, limits: { httpTimeout: 100 } });
      expect((await httpRequest(server.url)).status).toBe(504);
      await told.opened;
    });

    it("stop lets a request in flight finish, and cuts at limits.drain what does not", async () => {
      for (const [drain, outcome] of [
        [10_000, "finished"],
        [50, "cut"],
      ] as const) {
        const app = new Hono();
        const [busy, done] = [gate(), gate()];
        app.get("/", async (c) => {
          busy.open();
          await done.opened;
          return c.text("finished");
        });
        const server = await stage.serve({ app, limits: { drain } });
        const asked = httpRequest(server.url).then(
          ({ body }) => body,
          () => "cut",
        );
        await busy.opened;
        const stopped = server.dialogue.stop();
        if (outcome === "finished") done.open();
        expect(await asked).toBe(outcome);
        await stopped;
        done.open();
        const warned = server.log.at("warn").filter(({ message }) => /were cut/.test(message));
        expect(warned.length).toBe(outcome === "cut" ? 1 : 0);
      }
    });

    it("forms and multipart bodies are read by the app", async () => {
      const app = new Hono();
      app.post("/form", async (c) => c.json(await c.req.parseBody()));
      app.post("/files", async (c) => {
        const { file, name } = await c.req.parseBody();
        return c.json({ name, size: (file as File).size, type: (file as File).name });
      });
      const server = await stage.serve({ app });
      const form = await fetch(`${server.url}/form`, {
        method: "POST",
        body: new URLSearchParams({ a: "1", b: "ü" }),
      });
      expect(await form.json()).toEqual({ a: "1", b: "ü" });
      const data = new FormData();
      data.set("name", "picture");
      data.set("file", new File([new Uint8Array(200_000)], "picture.png"));
      const files = await fetch(`${server.url}/files`, { method: "POST", body: data });
      expect(await files.json()).toEqual({ name: "picture", size: 200_000, type: "picture.png" });
    });
  });
}
