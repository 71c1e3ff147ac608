import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { eventually } from "../support/deadline.js";
import { httpRequest } from "../support/http-request.js";
import { rawHttp } from "../support/raw-http.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const IS_BUN = "Bun" in globalThis;
/** The runtime's own: libraries take it before a server replaces the global one. */
const Taken = Response;
const CLOSE = ["Host: h", "Connection: close"];

/** What an answer says about itself, and what the app is asked. */
export function fetchAnswers(serve: Serve): void {
  const stage = useStage(serve);
  const bytes = (length: number) => new Uint8Array(length).fill(255);

  /** A server whose paths answer with what these make. */
  async function answering(paths: Record<string, () => Response>, config: object = {}) {
    const app = { fetch: ({ url }: Request) => paths[new URL(url).pathname.slice(1)]!() };
    const server = await stage.serve({ app, ...config });
    const ask = async (method: string, path: string) => {
      const { headers, ...answer } = await rawHttp(server.port, [`${method} /${path} HTTP/1.1`, ...CLOSE]);
      const header = (name: string) => headers.filter(([key]) => key === name).map(([, value]) => value);
      return { ...answer, type: header("content-type"), length: header("content-length") };
    };
    return { server, ask };
  }

  function streamOf(...pieces: unknown[]): ReadableStream {
    return new ReadableStream({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    });
  }

  describe("a stream's pieces", () => {
    it("that are neither texts nor bytes are the app's mistake: a 500 and a line in the log", async () => {
      const wrong = { nothing: undefined, null: null, number: 5, object: {} };
      const paths = Object.entries(wrong).map(([name, piece]) => [name, () => new Response(streamOf(piece))]);
      const { server, ask } = await answering(Object.fromEntries(paths));
      for (const [index, name] of Object.keys(wrong).entries()) {
        expect([name, (await ask("GET", name)).status]).toEqual([name, 500]);
        await eventually(() => server.log.at("error").length === index + 1, "a line");
        expect(inspect(server.log.at("error")[index])).toContain("must be made of strings and bytes");
      }
    });

    it("that are wrong behind the first cut the answer, and let go of the stream", async () => {
      let cancelled = false;
      const { server } = await answering({
        late: () => {
          let pulled = 0;
          const pull = async (controller: ReadableStreamDefaultController) => {
            if (pulled++ > 0) await new Promise(setImmediate);
            controller.enqueue(pulled === 1 ? "a" : 5);
          };
          const cancel = () => {
            cancelled = true;
          };
          return new Response(new ReadableStream({ pull, cancel }));
        },
      });
      await expect(fetch(`${server.url}/late`).then((answer) => answer.text())).rejects.toThrow();
      await eventually(() => cancelled && server.log.at("error").length === 1, "the end of the stream");
    });
  });

  describe("an answer's type", () => {
    const paths = {
      text: () => new Response("<b>x</b>"),
      taken: () => new Taken("<b>x</b>"),
      long: () => new Taken("\u20ac".repeat(50_000)),
      bytes: () => new Taken(bytes(3)),
      string: () => new Response(new String("<b>x</b>") as string),
      anew: () => new Response(new Response("<b>x</b>").body, { status: 401 }),
      typed: () => new Taken("<b>x</b>", { headers: { "content-type": "text/html" } }),
      empty: () => new Taken(null, { status: 404 }),
    };
    for (const overrideGlobalObjects of [true, false]) {
      it(`is there for every text, overrideGlobalObjects: ${overrideGlobalObjects}`, async () => {
        const { ask } = await answering(paths, { overrideGlobalObjects });
        const type = async (path: string) => (await ask("GET", path)).type.map((it) => it.toLowerCase());
        const plain = ["text/plain;charset=utf-8"];
        for (const path of ["text", "taken", "long", "string"]) {
          expect([path, await type(path)]).toEqual([path, plain]);
        }
        // Node's own says nothing of bytes and streams.
        expect(await type("bytes")).toEqual(IS_BUN ? ["application/octet-stream"] : []);
        expect(await type("anew")).toEqual(IS_BUN ? plain : []);
        expect(await type("typed")).toEqual(["text/html"]);
        expect(await type("empty")).toEqual([]);
      });
    }
  });

  describe("HEAD", () => {
    it("says the length that GET has", async () => {
      const { ask } = await answering({
        text: () => new Response("h\u00e4"),
        large: () => new Response("x".repeat(300_000)),
        bytes: () => new Response(bytes(5)),
        "large-bytes": () => new Response(bytes(300_000)),
        json: () => Response.json({ a: 1 }),
        blob: () => new Response(new Blob(["abcd"])),
        taken: () => new Taken("abc"),
        own: () => new Response(null, { headers: { "content-length": "77" } }),
      });
      for (const [path, length] of [
        ["text", 3],
        ["large", 300_000],
        ["bytes", 5],
        ["large-bytes", 300_000],
        ["json", 7],
        ["blob", 4],
        ["taken", 3],
      ] as const) {
        const head = await ask("HEAD", path);
        const get = await ask("GET", path);
        expect([path, head.status, head.length, head.body]).toEqual([path, 200, [String(length)], ""]);
        expect([path, get.length, get.body.length]).toEqual([path, [String(length)], length]);
        expect([path, head.type]).toEqual([path, get.type]);
      }
      expect((await ask("HEAD", "own")).length).toEqual(["77"]);
      // Methods are written in capitals: a client that means HEAD and one that does not find nothing behind it.
      for (const path of ["text", "own"]) {
        expect([path, await ask("head", path)]).toMatchObject([path, { length: ["0"], body: "" }]);
      }
    });

    it("lets go of a stream that goes on", async () => {
      let cancelled = 0;
      const { ask } = await answering({
        endless: () =>
          new Response(
            new ReadableStream({
              pull: (controller) => controller.enqueue(bytes(1)),
              cancel: () => {
                cancelled++;
              },
            }),
          ),
      });
      expect(await ask("HEAD", "endless")).toMatchObject({ status: 200, length: [], body: "" });
      await eventually(() => cancelled === 1, "the stream's end");
    });
  });

  it("a body that a status has no place for is left out, and the connection goes on", async () => {
    const { server } = await answering({
      reset: () => new Taken(IS_BUN ? "x" : null, { status: 205 }),
      known: () => new Response(IS_BUN ? "x" : null, { status: 205 }),
      next: () => new Response("next"),
    });
    for (const path of ["reset", "known"]) {
      const lines = [`GET /${path} HTTP/1.1`, "Host: h", "", "GET /next HTTP/1.1", ...CLOSE];
      const { status, body } = await rawHttp(server.port, lines);
      expect([path, status, body.startsWith("HTTP/1.1 200 OK"), body.endsWith("next")]).toEqual([
        path,
        205,
        true,
        true,
      ]);
    }
  });

  for (const overrideGlobalObjects of [true, false]) {
    it(`methods are as fetch has them, overrideGlobalObjects: ${overrideGlobalObjects}`, async () => {
      let asked = 0;
      const app = {
        fetch: (request: Request) => {
          asked++;
          const seen = [request.method, request.clone().method, new Request("http://h/", request).method];
          return new Response(null, { headers: { "x-seen": seen.join() } });
        },
      };
      const server = await stage.serve({ app, overrideGlobalObjects });
      const seen = async (method: string) => {
        const { status, headers } = await rawHttp(server.port, [`${method} / HTTP/1.1`, ...CLOSE]);
        return status === 200 ? headers.find(([name]) => name === "x-seen")?.[1] : status;
      };
      for (const method of ["get", "Get", "head", "post", "put", "delete", "Delete", "options"]) {
        const upper = method.toUpperCase();
        expect([method, await seen(method)]).toEqual([method, [upper, upper, upper].join()]);
      }
      expect(await seen("PATCH")).toBe("PATCH,PATCH,PATCH");
      const before = asked;
      for (const method of ["TRACE", "trace", "Track", "connect", "Connect"]) {
        expect([method, await seen(method)]).toEqual([method, 400]);
      }
      expect(asked).toBe(before);
      expect((await httpRequest(server.url)).status).toBe(200);
    });
  }
}
