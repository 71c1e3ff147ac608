import type { Engine } from "./engine.js";
import type { Hub } from "./hub.js";
import { IoServer } from "./io-server.js";
import { invalidUse, optionError } from "./option-error.js";

/** What a Dialogue's `io` asks of the Dialogue. */
export interface DialogueSupport {
  readonly engine: Engine;
  readonly path: string;
  /** The bound port; undefined while nothing listens. */
  readonly port: () => number | undefined;
  readonly stop: () => Promise<void>;
}

/** `dialogue.io`: the Socket.IO server that Dialogue is on. Where it listens is the Dialogue's to say. */
export class DialogueIo extends IoServer {
  readonly #support: DialogueSupport;

  constructor(hub: Hub, support: DialogueSupport) {
    super(hub);
    this.#support = support;
  }

  get engine(): Engine {
    return this.#support.engine;
  }

  /** As much of an http server as there is: where it listens. */
  get httpServer(): { readonly listening: boolean; address(): { port: number } | null } {
    const { port } = this.#support;
    return {
      get listening() {
        return port() !== undefined;
      },
      address() {
        const bound = port();
        return bound === undefined ? null : { port: bound };
      },
    };
  }

  path(value?: string): string {
    if (value !== undefined) throw optionError("path", "is `socket.path` of createDialogue's configuration");
    return this.#support.path;
  }

  attach(): never {
    throw invalidUse("dialogue.io listens with its Dialogue: call dialogue.start()");
  }

  listen(): never {
    return this.attach();
  }

  /** Stops the Dialogue. */
  async close(callback?: (error?: Error) => void): Promise<void> {
    await this.#support.stop();
    callback?.();
  }
}
