import { EventEmitter } from "node:events";
import type { Front, ListeningAddress } from "./front.js";
import { listenError } from "./listen-error.js";

/** `io.httpServer` where there is no http server of the program's: as much of one as has a meaning. What is not Socket.IO's is a 404. */
export class PortServer extends EventEmitter {
  readonly #front: Front;
  #address: ListeningAddress | null = null;

  constructor(front: Front) {
    super();
    this.#front = front;
  }

  get listening(): boolean {
    return this.#address !== null;
  }

  address(): ListeningAddress | null {
    return this.#address && { ...this.#address };
  }

  /** Takes the port before it returns; tells so, or why not, in the next tick. */
  listen(port: number, host?: string): this {
    try {
      this.#address = this.#front.listen(port, host ?? null);
      process.nextTick(() => this.emit("listening"));
    } catch (error) {
      process.nextTick(() => this.emit("error", listenError(error, host, port)));
    }
    return this;
  }

  close(callback?: (error?: Error) => void): this {
    if (this.#address === null) {
      const error = Object.assign(new Error("Server is not running."), { code: "ERR_SERVER_NOT_RUNNING" });
      if (callback) process.nextTick(callback, error);
      return this;
    }
    if (callback) this.once("close", callback);
    this.#address = null;
    this.#front.closeListener();
    void this.#front.stop().then(() => this.emit("close"));
    return this;
  }

  ref(): this {
    this.#front.keepAlive(true);
    return this;
  }

  unref(): this {
    this.#front.keepAlive(false);
    return this;
  }
}
