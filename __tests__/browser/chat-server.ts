import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { bun } from "../../scripts/run.mjs";
import { within } from "../support/deadline.js";

/** Programs that run a server. The tests themselves run on Node. */
export const runtimes: Record<string, string> = { Node: process.execPath, Bun: bun() };

const FILE = fileURLToPath(new URL("../../examples/chat/server.mjs", import.meta.url));

/** `examples/chat` in a process of its own, so that it can be killed. */
export class ChatServer {
  readonly url: string;
  #process: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#process = child;
    this.url = url;
  }

  /** `port`: 0 for any. */
  static async start(program: string, port = 0): Promise<ChatServer> {
    const child = spawn(program, [FILE], {
      env: { ...process.env, NODE_OPTIONS: "", PORT: String(port) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const listening = new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout! }).on("line", (line) => {
        const url = /Open (http:\/\/[^/]+)\//.exec(line)?.[1];
        if (url) resolve(url);
      });
      child.once("exit", (code) => reject(new Error(`examples/chat ended with ${code} before it listened`)));
    });
    try {
      return new ChatServer(child, await within(listening, "examples/chat to listen", 15_000));
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** As kill -9 does it: nobody is told. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await gone;
  }
}
