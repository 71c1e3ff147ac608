import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { io } from "socket.io-client";
import { afterEach, describe, expect, it } from "vitest";

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
    server.child.kill("SIGTERM");
    const { code, output } = await server.ended;
    expect(code, output).toBe(0);
  });
});

describe("examples/chat", () => {
  it("serves its page, lets two people talk, and stops by itself", async () => {
    const server = example("chat/server.mjs", { PORT: "0" });
    const [, url] = (await server.line(/Open (http:\S+)\/ /)) as unknown as [string, string];

    const page = await (await fetch(`${url}/`)).text();
    const parts = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path);
    expect(parts.length).toBeGreaterThan(2);
    for (const path of parts) expect((await fetch(url + path)).status, path).toBe(200);

    const [ada, grace] = ["ada", "grace"].map((userId) => io(url, { auth: { userId }, forceNew: true }));
    try {
      for (const socket of [ada!, grace!]) {
        expect(await socket.emitWithAck("dialogue:join", { roomId: "lobby" })).toMatchObject({ ok: true });
      }
      const heard = new Promise((resolve) => grace!.once("dialogue:event", resolve));
      await ada!.emitWithAck("dialogue:trigger", {
        roomId: "lobby",
        event: "message",
        data: { text: "hello" },
      });
      expect(await heard).toMatchObject({ from: "ada", data: { text: "hello" } });
      server.child.kill("SIGTERM");
      const { code, output } = await server.ended;
      expect(code, output).toBe(0);
    } finally {
      ada!.close();
      grace!.close();
    }
  });
});
