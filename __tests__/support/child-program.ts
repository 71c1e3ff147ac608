import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { within } from "./deadline.js";

const PROGRAMS = new URL("./programs/", import.meta.url);

/** A program of `programs/`, run by the runtime that runs the test. It talks by lines of JSON on its standard output. */
export class ChildProgram {
  readonly lines: any[] = [];
  readonly exit: Promise<{ code: number | null; signal: string | null }>;
  stderr = "";
  #process: ChildProcess;
  #look: () => void = () => {};

  /** `descriptors`: how many file descriptors it may have open. */
  constructor(
    name: string,
    environment: Record<string, string> = {},
    nodeFlags: string[] = [],
    descriptors?: number,
  ) {
    const file = fileURLToPath(new URL(name, PROGRAMS));
    const flags = "Bun" in globalThis ? [] : ["--expose-gc", ...nodeFlags];
    // Node raises its soft limit to the hard one: this sets both.
    const limited = descriptors === undefined ? [] : ["sh", "-c", `ulimit -n ${descriptors}; exec "$0" "$@"`];
    const [command, ...args] = [...limited, process.execPath, ...flags, file];
    this.#process = spawn(command!, args, {
      env: { ...process.env, NODE_OPTIONS: "", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    createInterface({ input: this.#process.stdout! }).on("line", (line) => {
      if (!line.startsWith("{")) return;
      try {
        this.lines.push(JSON.parse(line));
      } catch {
        // The program was ended in the middle of it.
        this.stderr += `\na line that was cut: ${line}\n`;
        return;
      }
      this.#look();
    });
    this.#process.stderr!.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    // "close" comes after the last line of output was read, "exit" may come before.
    this.exit = new Promise((resolve) => {
      this.#process.on("close", (code, signal) => {
        resolve({ code, signal });
        this.#look();
      });
    });
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** The first line that carries this key; an error with the program's own words if it ends before. */
  async line(key: string, milliseconds = 10_000): Promise<any> {
    const find = () => this.lines.find((line) => key in line);
    const came = new Promise<any>((resolve, reject) => {
      this.#look = () => {
        const line = find();
        if (line !== undefined) resolve(line);
      };
      this.#look();
      void this.exit.then(({ code }) => {
        const line = find();
        if (line === undefined)
          reject(new Error(`the program ended with ${code} before it said "${key}":\n${this.stderr}`));
        else resolve(line);
      });
    });
    return within(came, `"${key}" from the program`, milliseconds);
  }

  /** Bytes of memory that it has, as Linux counts them. */
  resident(): number {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  async exited(milliseconds = 15_000): Promise<number | null> {
    const { code, signal } = await within(this.exit, "the program to exit by itself", milliseconds);
    if (signal !== null) throw new Error(`the program was ended by ${signal}:\n${this.stderr}`);
    return code;
  }

  kill(): void {
    if (this.running) this.#process.kill("SIGKILL");
  }
}
