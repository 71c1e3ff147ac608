import type { Server as HttpServer } from "node:http";
import type { Engine } from "./engine.js";
import type { Hub } from "./hub.js";
import { invalidUse, optionError } from "./option-error.js";
import { Server } from "./server.js";

/** What a Dialogue's `io` asks of the Dialogue. */
export interface DialogueSupport {
  readonly engine: Engine;
  readonly path: string;
  /** Milliseconds within which a connection has to join a namespace. */
  readonly connectTimeout: number;
  /** The bound port; undefined while nothing listens. */
  readonly port: () => number | undefined;
  readonly stop: () => Promise<void>;
}

/** `dialogue.io`: the Socket.IO server that Dialogue is on. How and where it listens is the Dialogue's to say. */
export class DialogueIo extends Server {
  readonly #support: DialogueSupport;

  constructor(hub: Hub, support: DialogueSupport) {
    super(hub);
    this.#support = support;
  }

  override get engine(): Engine {
    return this.#support.engine;
  }

  /** As much of an http server as there is: where it listens. */
  override get httpServer(): HttpServer {
    const { port } = this.#support;
    const server = {
      get listening() {
        return port() !== undefined;
      },
      address() {
        const bound = port();
        return bound === undefined ? null : { port: bound };
      },
    };
    return server as unknown as HttpServer;
  }

  override path(): string;
  override path(value: string): this;
  override path(value?: string): string | this {
    if (value !== undefined) throw optionError("path", "is `socket.path` of createDialogue's configuration");
    return this.#support.path;
  }

  override connectTimeout(): number;
  override connectTimeout(value: number): this;
  override connectTimeout(value?: number): number | this {
    if (value !== undefined)
      throw optionError("connectTimeout", "is `socket.connectTimeout` of createDialogue's configuration");
    return this.#support.connectTimeout;
  }

  /** A Dialogue serves no files of the client's: a page has them from its own build. */
  override serveClient(): boolean;
  override serveClient(value: boolean): this;
  override serveClient(value?: boolean): boolean | this {
    if (value === undefined) return false;
    if (value) throw optionError("serveClient", "is not supported by a Dialogue: it serves no client files");
    return this;
  }

  override bind(engine: unknown): this {
    if (engine !== this.engine)
      throw invalidUse("dialogue.io.bind takes no other engine than dialogue.io's own");
    return this;
  }

  override attach(): never {
    throw invalidUse("dialogue.io listens with its Dialogue: call dialogue.start()");
  }

  override listen(): never {
    return this.attach();
  }

  /** Stops the Dialogue. */
  override async close(callback?: (error?: Error) => void): Promise<void> {
    await this.#support.stop();
    callback?.();
  }
}
