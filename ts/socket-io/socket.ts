import type { Handshake, Logger, Socket } from "../../index.js";
import type { CallQueue } from "../call-queue.js";
import type { Dispatcher } from "../dispatcher.js";
import type { NativeDialogue, SocketInfo } from "../native.js";
import { type Listener, Listeners } from "./listeners.js";
import { packEvent } from "./packet.js";

/** What a socket leans on. */
export interface SocketSupport {
  readonly engine: NativeDialogue;
  readonly queue: CallQueue;
  readonly log: Logger;
}

const DISCONNECT = "disconnect";

/** A connection as Socket.IO's server shows it. What the client emits is delivered by a later version. */
export class ServerSocket implements Socket {
  readonly id: string;
  readonly handshake: Handshake;
  readonly #support: SocketSupport;
  readonly #listeners = new Listeners();

  constructor({ id, handshake }: SocketInfo, support: SocketSupport) {
    this.id = id;
    this.handshake = handshake;
    this.#support = support;
  }

  get connected(): boolean {
    return this.#support.engine.clientConnected(this.id);
  }

  get disconnected(): boolean {
    return !this.connected;
  }

  emit(event: string, ...args: unknown[]): boolean {
    const { json, attachments } = packEvent(event, args);
    // As Socket.IO's does, this says true whether or not anyone is still there.
    this.#support.engine.clientEmit(this.id, json, attachments);
    return true;
  }

  on(event: string, listener: Listener): this {
    return this.#add(event, listener, false);
  }

  once(event: string, listener: Listener): this {
    return this.#add(event, listener, true);
  }

  off(event: string, listener: Listener): this {
    this.#listeners.remove(event, listener);
    return this;
  }

  disconnect(close = false): this {
    this.#support.engine.clientDisconnect(this.id, close);
    this.#support.queue.drain();
    return this;
  }

  #add(event: string, listener: Listener, once: boolean): this {
    this.#listeners.add(event, listener, once);
    if (event !== DISCONNECT) {
      const message = `socket.on('${event}'): this version delivers only 'disconnect'`;
      this.#support.log.warn({ message, atFunction: "socket.on", data: { event } });
    }
    return this;
  }

  /** The connection is gone: tells the listeners. */
  static ended(socket: Socket, reason: string, dispatcher: Dispatcher): void {
    if (!(socket instanceof ServerSocket)) return;
    for (const listener of socket.#listeners.take(DISCONNECT)) {
      dispatcher.observe("socket.on('disconnect')", () => listener.call(socket, reason));
    }
  }
}
