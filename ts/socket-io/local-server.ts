import { randomBytes, timingSafeEqual } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, isIPv6, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How long a connection may take to introduce itself. */
const INTRODUCTION_PATIENCE = 10_000;
/** How long the last connections may take to end. */
const CLOSE_PATIENCE = 1_000;
/** The longest introduction: a token and two addresses. */
const MAX_INTRODUCTION = 256;
/** A path that the system takes for a socket. */
const MAX_PATH = 100;
const BACKLOG = 4_096;

/** What a program leaves behind that ends without closing its servers. */
const directories = new Set<string>();
process.on("exit", () => {
  for (const directory of directories) remove(directory);
});

function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  directories.delete(directory);
}

/** A private server that only the engine connects to: each of its connections is one of a client's, and shows that client's address. */
export class LocalServer {
  readonly path: string;
  readonly token = randomBytes(24).toString("hex");
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Absent on Windows, where the name of a pipe is no file. */
  readonly #directory: string | undefined;

  constructor(deliver: (socket: Socket) => void) {
    if (process.platform === "win32") {
      this.path = `\\\\.\\pipe\\dialogue-${randomBytes(16).toString("hex")}`;
    } else {
      // mkdtemp: 0700, nobody else gets in.
      this.#directory = mkdtempSync(join(tmpdir().length < MAX_PATH - 20 ? tmpdir() : "/tmp", "dialogue-"));
      this.path = join(this.#directory, "http");
      directories.add(this.#directory);
    }
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket, deliver));
    // One that cannot be accepted is refused by the system; there is nobody to tell.
    this.#server.on("error", () => {});
    this.#server.listen({ path: this.path, backlog: BACKLOG, exclusive: true }).unref();
    if (!this.#server.listening) throw new Error(`cannot listen on the local socket ${this.path}`);
  }

  /** Connections that are open. */
  get count(): number {
    return this.#sockets.size;
  }

  /** Takes no more; resolves when the last connection has ended. The engine has closed its ends by now, so that is soon. */
  async close(): Promise<void> {
    this.#server.close();
    if (this.#directory !== undefined) remove(this.#directory);
    if (this.#sockets.size === 0) return;
    await new Promise<void>((resolve) => {
      const overdue = setTimeout(() => {
        for (const socket of this.#sockets) socket.destroy();
      }, CLOSE_PATIENCE);
      for (const socket of this.#sockets) {
        socket.once("close", () => {
          if (this.#sockets.size > 0) return;
          clearTimeout(overdue);
          resolve();
        });
      }
    });
  }

  #accept(socket: Socket, deliver: (socket: Socket) => void): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    const leave = (): void => void socket.destroy();
    // Behind a turn of the event loop: where the thread was busy for that long, the introduction is there and only waits to be read.
    const overdue = setTimeout(() => setImmediate(refuse), INTRODUCTION_PATIENCE).unref();
    let introduced = false;
    const refuse = (): void => {
      if (!introduced) leave();
    };
    let received: Buffer = Buffer.alloc(0);
    const read = (chunk: Buffer): void => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const end = received.indexOf("\n");
      if (end < 0 && received.length <= MAX_INTRODUCTION) return;
      clearTimeout(overdue);
      socket.off("data", read).off("end", leave).off("error", leave);
      if (end < 0 || !this.#introduce(socket, received.toString("latin1", 0, end))) {
        leave();
        return;
      }
      introduced = true;
      deliver(socket);
      // What came behind the introduction is the first of what the server reads.
      if (end + 1 < received.length) socket.unshift(received.subarray(end + 1));
    };
    socket.on("data", read).on("end", leave).on("error", leave);
  }

  /** Gives a connection the addresses that the engine told. `false`: it is not the engine's. */
  #introduce(socket: Socket, introduction: string): boolean {
    const [token = "", remoteAddress = "", remotePort, localAddress = "", localPort] =
      introduction.split(" ");
    const given = Buffer.from(token);
    const expected = Buffer.from(this.token);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
    const remoteFamily = family(remoteAddress);
    const localFamily = family(localAddress);
    const shown = {
      remoteAddress,
      remotePort: Number(remotePort),
      remoteFamily,
      localAddress,
      localPort: Number(localPort),
      localFamily,
      address: () => ({ address: localAddress, family: localFamily, port: Number(localPort) }),
    };
    for (const [name, value] of Object.entries(shown)) {
      Object.defineProperty(socket, name, { value, configurable: true, writable: true });
    }
    return true;
  }
}

const family = (address: string): string => (isIPv6(address) ? "IPv6" : "IPv4");
