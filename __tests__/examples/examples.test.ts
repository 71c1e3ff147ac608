import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { io, type Socket } from "socket.io-client";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../support/deadline.js";

const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** An example run by the runtime that runs this test; resolves `line` with the first match in its output. */
function example(path: string, environment: Record<string, string>) {
  const file = fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, NODE_OPTIONS: "", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  let output = "";
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout!, child.stderr!]) {
    createInterface({ input: stream }).on("line", (line) => {
      output += `${line}\n`;
      for (const look of waiting) look();
    });
  }
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal, output }));
  const line = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(output);
        if (match) resolve(match);
      };
      waiting.add(look);
      look();
      void ended.then(() => reject(new Error(`ended without ${pattern}:\n${output}`)));
    });
  return { child, line, ended };
}

describe("examples/readme", () => {
  it("the client's message reaches the server's handler and comes back", async () => {
    const server = example("readme/server.mjs", { PORT: "0" });
    const [, port] = await server.line(/:(\d{2,5})\b/);
    const client = example("readme/client.mjs", { URL: `http://127.0.0.1:${port}` });
    await client.line(/^ada: hello$/m);
    await server.line(/^ada: hello$/m);
    const stats = await fetch(`http://127.0.0.1:${port}/stats`);
    expect(await stats.json()).toEqual({ inLobby: expect.any(Number) });
    const announce = (text: string) =>
      fetch(`http://127.0.0.1:${port}/announce`, { method: "POST", body: text });
    expect(await (await announce("Lunch is ready")).text()).toBe("sent");
    await client.line(/^system: Lunch is ready$/m);
    expect((await announce("")).status).toBe(400);
    server.child.kill("SIGTERM");
    const { code, output } = await server.ended;
    expect(code, output).toBe(0);
  });
});

// Node strips types from 22.18 on.
const runsTypeScript = "Bun" in globalThis || Boolean(Reflect.get(process.features, "typescript"));

describe.skipIf(!runsTypeScript)("examples/readme/typed.ts", () => {
  it("runs as it stands, and ends by itself", async () => {
    const { code, output } = await example("readme/typed.ts", {}).ended;
    expect([code, output.trim()]).toEqual([0, "hi 0"]);
  });
});

describe.skipIf(!runsTypeScript)("examples/readme/typed-client.ts", () => {
  it("sends and reads back, and ends by itself", async () => {
    const server = example("readme/server.mjs", { PORT: "0" });
    const [, port] = await server.line(/:(\d{2,5})\b/);
    const { code, output } = await example("readme/typed-client.ts", { URL: `http://127.0.0.1:${port}` })
      .ended;
    expect([code, output.trim()]).toEqual([0, "true hi"]);
  });
});

describe("examples/http", () => {
  it("serves files as they are read, and tells of the lobby as it fills", async () => {
    const server = example("http/server.mjs", { PORT: "0" });
    const [, port] = await server.line(/:(\d{2,5})\b/);
    const url = `http://127.0.0.1:${port}`;
    const page = await fetch(`${url}/files/index.html`);
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(await page.text()).toContain("</html>");
    expect((await fetch(`${url}/files/..%2f..%2fpackage.json`)).status).toBe(404);

    const events = (await fetch(`${url}/lobby`)).body!.getReader();
    let told = "";
    const until = async (text: string) => {
      while (!told.includes(text)) told += new TextDecoder().decode((await events.read()).value);
    };
    await until("data: 0");
    const client = io(url, { forceNew: true, reconnection: false });
    await client.emitWithAck("dialogue:join", { roomId: "lobby" });
    await until("data: 1");
    client.close();
    await until("data: 0\n\nevent: size\ndata: 1\n\nevent: size\ndata: 0");
    await events.cancel();
    server.child.kill("SIGTERM");
    const { code, output } = await server.ended;
    expect(code, output).toBe(0);
  });
});

describe("examples/socket-io", () => {
  it("is a program of Socket.IO's, on an http server of its own", async () => {
    const server = example("socket-io/server.mjs", { PORT: "0" });
    const [, port] = await server.line(/:(\d{2,5})\b/);
    const url = `http://127.0.0.1:${port}`;
    expect(await (await fetch(url)).text()).toBe("hello");
    const [ada, bob] = [1, 2].map(() => io(url, { forceNew: true, reconnection: false }));
    await once(bob as never, "connect");
    const heard = once(bob as never, "said");
    expect(await ada!.emitWithAck("say", "hi")).toBe("ok");
    expect(await heard).toEqual(["hi"]);
    for (const client of [ada!, bob!]) client.close();
    server.child.kill("SIGTERM");
    const { code, output } = await server.ended;
    expect(code, output).toBe(0);
  });
});

describe("examples/chat", () => {
  /** What a page does; its looks are tested in a browser. */
  async function chat() {
    const server = example("chat/server.mjs", { PORT: "0" });
    const [, url] = (await server.line(/Open (http:\S+)\/ /)) as unknown as [string, string];
    const signIn = (name: unknown, key: unknown) =>
      fetch(`${url}/sign-in`, { method: "POST", body: JSON.stringify({ name, key }) });
    return { server, url, signIn };
  }

  it("gives out the page and what it imports, and nothing else", async () => {
    const { url } = await chat();
    const page = await (await fetch(`${url}/`)).text();
    const parts = [...page.matchAll(/(?:src=|href=|: )"(\/[^"]+)"/g)].map(([, path]) => path!);
    expect(parts).toContain("/dialogue-rs/client/index.js");
    expect(parts.length).toBeGreaterThan(3);
    for (const path of parts) expect((await fetch(url + path)).status, path).toBe(200);
    for (const path of ["server.mjs", "..%2fserver.mjs", "dialogue-rs/..%2fpackage.json", "nothing.js"])
      expect((await fetch(`${url}/${path}`)).status, path).toBe(404);
  });

  it("a name is its first owner's, and has to look like itself", async () => {
    const { signIn } = await chat();
    const keys = ["the key of one tab", "the key of another"];
    expect((await signIn("Ada", keys[0])).status).toBe(200);
    expect((await signIn("Ada", keys[0])).status).toBe(200);
    expect((await signIn("Ada", keys[1])).status).toBe(409);
    for (const name of ["", " ", "Ada  L", "Ada\u200b", "-", "a".repeat(41), 1, undefined])
      expect((await signIn(name, keys[1])).status, String(name)).toBe(400);
    expect((await signIn("Ada L.", undefined)).status).toBe(400);
    expect(await (await signIn("Zoë 2", keys[1])).json()).toHaveProperty("token");
  });

  it("lets two people talk, says itself who is here, and stops by itself", async () => {
    const { server, url, signIn } = await chat();
    const tokens = await Promise.all(
      ["ada", "grace"].map(
        async (name) => (await (await signIn(name, `the key that ${name} made up`)).json()) as object,
      ),
    );
    const [ada, grace] = tokens.map((auth) => io(url, { auth, forceNew: true })) as [Socket, Socket];
    try {
      const heard: any[] = [];
      grace.on("dialogue:event", (message) => heard.push(message));
      for (const socket of [ada, grace])
        expect(await socket.emitWithAck("dialogue:join", { roomId: "lobby" })).toMatchObject({ ok: true });
      const trigger = (event: string, data: unknown) =>
        ada.emitWithAck("dialogue:trigger", { roomId: "lobby", event, data });
      expect(await trigger("here", { names: ["mallory"] })).toMatchObject({
        ok: false,
        code: "EVENT_BLOCKED",
      });
      expect(await trigger("message", { text: " hello " })).toEqual({ ok: true });
      const hasHeard = (from: string, data: object) =>
        heard.some(
          (message) => message.from === from && JSON.stringify(message.data) === JSON.stringify(data),
        );
      await eventually(() => hasHeard("ada", { text: "hello" }), "grace has heard the message");
      await eventually(() => hasHeard("system", { names: ["ada", "grace"] }), "grace has heard who is here");
      expect(JSON.stringify(heard)).not.toContain("mallory");
      server.child.kill("SIGTERM");
      const { code, output } = await server.ended;
      expect(code, output).toBe(0);
    } finally {
      ada.close();
      grace.close();
    }
  });
});
