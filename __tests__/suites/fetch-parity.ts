import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";
import { ANSWERS, COPIED, DONE, fetchApp, REFUSED } from "../support/programs/fetch-app.mjs";
import { type RawAnswer, rawHttp } from "../support/raw-http.js";
import type { Serve, Served } from "../support/server.js";

const RUNTIME = "Bun" in globalThis ? "bun" : "node";
const LARGE = "x".repeat(100_000);

interface Seen {
  readonly status: number;
  readonly headers: string[];
  readonly body: string;
}

/** What servers say about the connection and the moment. */
const OF_THE_SERVER = ["connection", "content-length", "date", "keep-alive", "transfer-encoding"];

/** What we answer where the peer does otherwise than fetch says; `large`: for large bodies too. */
const OTHERWISE: Record<"node" | "bun", Record<string, Partial<Seen>>> = {
  node: {
    // It calls whatever has no type a text.
    bytes: { headers: [] },
    "a part of bytes": { headers: [] },
    "a DataView": { headers: [] },
    "a stream": { headers: [] },
    "a stream with a header": { headers: ["x-a: 1"] },
    "copied bytes": { headers: [] },
    "bytes of a Response taken before": { headers: [] },
    // It shows its own TypeError in the place of what is no Buffer.
    "a stream of a buffer": { body: "ab" },
    "a stream of buffers": { body: "abcd" },
    "a stream of views": { body: "ABy" },
    // It reads on before it has sent what it read.
    "a stream that fills its buffer again": { body: "AAAABBBBCCCCDDDD" },
    // It shows the error to the client.
    "what was read": { status: 500, body: "Internal Server Error" },
    // Its light request loses what is set on it, and is not taken by `new Request` unless the global objects are replaced.
    "read, set, cloned": { body: '"1"' },
    "read, set, made anew": { body: '["1","POST","a=1&b=2"]' },
    "made anew with other headers": { body: '["2","a=1&b=2"]' },
    "a class": { body: JSON.stringify([true, true, "Request", "[object Request]", [], "{}"]) },
    "read, set, cloned, large": { body: '"1"' },
    "read, set, made anew, large": { body: `["1","POST","${LARGE}"]` },
    "made anew with other headers, large": { body: `["2","${LARGE}"]` },
    "a class, large": { body: JSON.stringify([true, true, "Request", "[object Request]", [], "{}"]) },
  },
  bun: {
    // RFC 9112: the host of an absolute target counts.
    "GET http://other.example:81/url?x": { body: '["GET","other.example:81","/url","?x"]' },
    // It takes the type from a text that is made anew, and from one that comes as a stream.
    "a response made of one": { headers: ["content-type: text/plain;charset=utf-8", "x-a: 2"] },
    "a stream": { headers: ["content-type: text/plain;charset=utf-8"] },
    "a stream with a header": { headers: ["content-type: text/plain;charset=utf-8", "x-a: 1"] },
    "an exception's response, made anew": { headers: ["content-type: text/plain;charset=utf-8", "x-a: 1"] },
    "205 with a text": { headers: ["content-type: text/plain;charset=utf-8"], body: "" },
    "HEAD text": { headers: ["content-type: text/plain;charset=utf-8"] },
    // Its page for developers.
    "what was read": { status: 500, body: "Internal Server Error" },
    // It reads a body by the type that came, not by the one that was set.
    "a type set before it is read": { body: '"text/css;charset=utf-8"' },
    "read as a form": { body: '[["a","1"],["b","2"]]' },
    "a type set before it is read, large": { body: '"text/css;charset=utf-8"' },
    "read as a form, large": { body: `[["${LARGE}",""]]` },
  },
};

/** The same app and the same requests, byte for byte, beside what the runtime's users run: `Bun.serve`, and `@hono/node-server` on Node. */
export function fetchParity(serve: Serve): void {
  describe(`an app answers as ${RUNTIME === "bun" ? "Bun.serve" : "@hono/node-server"} has it answer`, () => {
    let server: Served;
    let peer: ChildProgram;
    let peerPort: number;

    beforeAll(async () => {
      peer = new ChildProgram("fetch-peer.mjs");
      server = await serve({ app: fetchApp });
      ({ port: peerPort } = await peer.line("port", 60_000));
    });
    afterAll(async () => {
      peer?.kill();
      await server?.stop();
    });

    /** The same request to both. */
    async function both(
      what: string,
      method: string,
      target: string,
      headers: string[] = [],
      body = "",
    ): Promise<void> {
      const hosted = headers.some((line) => /^host:/i.test(line)) ? headers : ["Host: h.example", ...headers];
      const length = body === "" ? [] : [`Content-Length: ${body.length}`];
      const lines = (port: number) =>
        [`${method} ${target} HTTP/1.1`, ...hosted, ...length, "Connection: close"].map((line) =>
          line.replaceAll("PORT", String(port)),
        );
      const [ours, theirs] = await Promise.all(
        [server.port, peerPort].map(async (port) => seen(await rawHttp(port, lines(port), body), port)),
      );
      const expected = OTHERWISE[RUNTIME][what];
      if (expected === undefined) expect([what, ours]).toEqual([what, theirs]);
      else {
        expect([what, ours]).toMatchObject([what, expected]);
        // Once the peer does so too, there is nothing to be said here.
        expect([what, theirs]).not.toMatchObject([what, expected]);
      }
    }

    function seen({ status, headers, body }: RawAnswer, port: number): Seen {
      const kept = headers
        .filter(([name]) => !OF_THE_SERVER.includes(name))
        .map(([name, value]) => {
          // A type is the same however it is written.
          const plain = name === "content-type" ? value.toLowerCase().replaceAll("; ", ";") : value;
          return `${name}: ${plain}`;
        });
      return { status, headers: kept.sort(), body: body.replaceAll(String(port), "PORT") };
    }

    const utf8 = (text: string) => Buffer.from(text, "utf8").toString("latin1");

    it("header values are bytes, one character each", async () => {
      for (const value of [
        "plain",
        utf8("München"),
        utf8("東京 😀"),
        "M\u00fcnchen",
        "\u0080\u00ff",
        'q"\\\t1',
      ]) {
        await both(`x-city: ${value}`, "GET", "/header/x-city", [`X-City: ${value}`]);
        await both(`cookie: ${value}`, "GET", "/header/cookie", [`Cookie: name=${value}`]);
      }
    });

    it("repeated headers are joined", async () => {
      await both("x-a twice", "GET", "/headers", ["X-A: 1", "x-a: 2", "X-B:", "X-C:  spaced  "]);
      await both("cookies twice", "GET", "/header/cookie", ["Cookie: a=1", "Cookie: b=2"]);
    });

    it("hosts and targets", async () => {
      for (const host of [
        "h.example",
        "EXAMPLE.com",
        "h.example:8080",
        "h.example:80",
        "[::1]:81",
        "1.2.3.4",
      ]) {
        await both(`Host: ${host}`, "GET", "/url/a?q=1", [`Host: ${host}`]);
      }
      for (const target of [
        ...["/url", "/url?", "/url?a=b&a=c", "/url/a%2Fb", "/url/a/../b", "/url/./a", "/url/%2e%2e/url/b"],
        ...["/url//a", "/url/a'b", "/url/%zz", "/url/a:b@c", "http://other.example:81/url?x"],
      ]) {
        await both(`GET ${target}`, "GET", target);
      }
      for (const method of ["PURGE", "PROPFIND", "OPTIONS", "DELETE"]) await both(method, method, "/url");
    });

    it("answers of all kinds", async () => {
      for (const name of ANSWERS) await both(name, "GET", `/answers/${encodeURIComponent(name)}`);
    });

    it("HEAD of them", async () => {
      for (const name of ["text", "json", "a stream", "nothing", "a status without a body"]) {
        await both(`HEAD ${name}`, "HEAD", `/answers/${encodeURIComponent(name)}`);
      }
    });

    it("what a Response was made of is copied", async () => {
      for (const name of COPIED) await both(`copied ${name}`, "GET", `/copied/${name}`);
    });

    it("what a Response refuses is refused at once", async () => {
      for (const name of REFUSED)
        await both(`refused ${name}`, "GET", `/refused/${encodeURIComponent(name)}`);
    });

    it("a request is cloned, read, changed and made anew", async () => {
      for (const body of ["a=1&b=2", LARGE]) {
        for (const name of DONE) {
          await both(
            body.length > 10 ? `${name}, large` : name,
            "POST",
            `/done/${encodeURIComponent(name)}`,
            ["Content-Type: text/plain"],
            body,
          );
        }
      }
    });

    it("through middlewares that change headers", async () => {
      await both("compress", "GET", "/through/cookie", ["Origin: http://page.example"]);
    });
  });
}
