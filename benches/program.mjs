// A process of the bench: it is told things and says things, one JSON object a line.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export class Program {
  #process;
  #lines = [];
  #look = () => {};
  #ended;

  constructor(runtime, file, flags = [], args = []) {
    this.#process = spawn(runtime, [...flags, file, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    this.#process.stdin.on("error", () => {});
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      if (!line.startsWith("{")) return;
      this.#lines.push(JSON.parse(line));
      this.#look();
    });
    this.#ended = new Promise((resolve) => this.#process.once("close", resolve));
  }

  get pid() {
    return this.#process.pid;
  }

  tell(message) {
    this.#process.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** The next line with this key. */
  async line(key, milliseconds = 20_000) {
    let timer;
    const found = new Promise((resolve, reject) => {
      this.#look = () => {
        const index = this.#lines.findIndex((line) => key in line);
        if (index >= 0) resolve(this.#lines.splice(index, 1)[0]);
      };
      this.#look();
      this.#ended.then((code) => reject(new Error(`ended with ${code} before it said "${key}"`)));
      timer = setTimeout(() => reject(new Error(`${milliseconds} ms without "${key}"`)), milliseconds);
    });
    try {
      return await found;
    } finally {
      clearTimeout(timer);
      this.#look = () => {};
    }
  }

  async end() {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }
}

/** The other side: reads what this process is told. */
export function onTold(handle) {
  createInterface({ input: process.stdin }).on("line", (line) => handle(JSON.parse(line)));
}

export function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
