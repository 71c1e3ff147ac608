import type { Logger } from "../index.js";
import { hold, isHeld, letGo } from "./bound-ports.js";
import type { CallQueue } from "./call-queue.js";
import { DialogueError } from "./errors.js";
import type { Scheme } from "./http/bridge.js";
import type { NativeDialogue } from "./native.js";
import { keep, release } from "./waker.js";

/** Where it listens, and what is spoken there. */
interface ListeningPlace {
  port: number;
  host: string | undefined;
  scheme: Scheme;
}

/** Starting and stopping, in whatever order they are called. */
export class Lifecycle {
  readonly #engine: NativeDialogue;
  readonly #queue: CallQueue;
  readonly #log: Logger;
  readonly #configured: Readonly<ListeningPlace>;
  /** From the call of `start` to the call of `stop`. */
  #running: Promise<void> | undefined;
  /** The newest stop, while it lasts. */
  #stopping: Promise<void> | undefined;
  #bound: number | undefined;
  /** Where an adapter said to listen. */
  #elsewhere: number | undefined;

  constructor(engine: NativeDialogue, queue: CallQueue, log: Logger, configured: ListeningPlace) {
    this.#engine = engine;
    this.#queue = queue;
    this.#log = log;
    this.#configured = configured;
  }

  /** The port, while something listens there. */
  get boundPort(): number | undefined {
    return this.#bound;
  }

  get port(): number {
    return this.#bound ?? this.#configured.port;
  }

  /** As `start`, on another port than the configured one. */
  startAt(port: number): Promise<void> {
    if (!this.#running) this.#elsewhere = port;
    return this.start();
  }

  start(): Promise<void> {
    if (this.#running) return this.#running;
    const running = this.#start(this.#stopping);
    this.#running = running;
    // A start that failed may be tried again.
    running.catch(() => {
      if (this.#running === running) this.#running = undefined;
    });
    return running;
  }

  stop(): Promise<void> {
    if (!this.#running) return this.#stopping ?? Promise.resolve();
    const stopping = this.#stop(this.#running).finally(() => {
      if (this.#stopping === stopping) this.#stopping = undefined;
    });
    this.#running = undefined;
    this.#stopping = stopping;
    return stopping;
  }

  async #start(after: Promise<void> | undefined): Promise<void> {
    // How the stop before went is for those to hear who called it.
    await after?.catch(() => {});
    let port: number;
    try {
      port = await this.#listen();
    } catch (error) {
      throw this.#failure(error);
    }
    this.#bound = port;
    hold(port);
    keep(this);
    const address = `${this.#configured.scheme}://${urlHost(this.#configured.host)}:${port}`;
    this.#log.info({ message: `Listening on ${address}`, atFunction: "start", data: { address, port } });
  }

  async #stop(running: Promise<void>): Promise<void> {
    const started = await running.then(
      () => true,
      () => false,
    );
    if (!started) return;
    try {
      const cut = await this.#engine.stop();
      if (cut > 0) {
        const message = `${cut} connections were still open after limits.drain and were cut`;
        this.#log.warn({ message, atFunction: "stop", data: { cut } });
      }
    } catch (error) {
      throw new DialogueError("INTERNAL", "The engine did not stop", { cause: error });
    } finally {
      letGo(this.port);
      this.#bound = undefined;
      // The hooks of those who were cut off have run when this resolves.
      this.#queue.drain();
      release(this);
    }
  }

  async #listen(): Promise<number> {
    if (this.#elsewhere === undefined) return this.#engine.start();
    const { host } = this.#configured;
    return (JSON.parse(this.#engine.listen(this.#elsewhere, host ?? null)) as { port: number }).port;
  }

  #failure(error: unknown): DialogueError {
    const { code, message } = error as { code?: unknown; message?: unknown };
    if (code !== "PORT_IN_USE") {
      return new DialogueError("INTERNAL", `The engine did not start: ${message}`, { cause: error });
    }
    const port = this.#elsewhere ?? this.#configured.port;
    const holder = isHeld(port) ? " by another Dialogue of this process" : "";
    return new DialogueError("PORT_IN_USE", `Port ${port} is already in use${holder}`, { cause: error });
  }
}

/** Where a person would go to look. */
function urlHost(host: string | undefined): string {
  if (host === undefined || host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
