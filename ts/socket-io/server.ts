import type { Server, Socket } from "../../index.js";
import type { Dispatcher } from "../dispatcher.js";
import type { NativeDialogue } from "../native.js";
import { type Listener, Listeners } from "./listeners.js";
import { packEvent } from "./packet.js";

/** Two names of one event, as in Socket.IO. */
const CONNECTION = ["connection", "connect"];

/** The Socket.IO server. What clients emit is delivered by a later version. */
export class SocketServer implements Server {
  readonly #engine: NativeDialogue;
  readonly #onListening: () => void;
  readonly #listeners = new Listeners();

  /** @param onListening Called when it becomes, or stops being, of interest who connects. */
  constructor(engine: NativeDialogue, onListening: () => void) {
    this.#engine = engine;
    this.#onListening = onListening;
  }

  /** Whether anybody wants to know who connects. */
  get listens(): boolean {
    return CONNECTION.some((event) => this.#listeners.has(event));
  }

  on(event: string, listener: Listener): this {
    return this.#add(event, listener, false);
  }

  once(event: string, listener: Listener): this {
    return this.#add(event, listener, true);
  }

  off(event: string, listener: Listener): this {
    this.#listeners.remove(event, listener);
    this.#onListening();
    return this;
  }

  emit(event: string, ...args: unknown[]): boolean {
    if (event === "connection") throw new Error('"connection" is a reserved event name');
    const { json, attachments } = packEvent(event, args);
    this.#engine.broadcast(json, attachments);
    return true;
  }

  #add(event: string, listener: Listener, once: boolean): this {
    this.#listeners.add(event, listener, once);
    this.#onListening();
    return this;
  }

  /** A client connected: tells the listeners. */
  static connected(server: SocketServer, socket: Socket, dispatcher: Dispatcher): void {
    for (const event of CONNECTION) {
      for (const listener of server.#listeners.take(event)) {
        dispatcher.observe(`io.on('${event}')`, () => listener.call(server, socket));
      }
    }
  }
}
