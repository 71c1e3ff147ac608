import { EventEmitter } from "node:events";
import { Adapter } from "./adapter.js";
import type { BroadcastOperator } from "./broadcast-operator.js";
import { UNSUPPORTED } from "./engine-options.js";
import type { Hub } from "./hub.js";
import type { Middleware } from "./middleware.js";
import type { Namespace } from "./namespace.js";
import { notReplaced } from "./not-replaced.js";
import { invalidUse, optionError } from "./option-error.js";
import type { NamespaceMatcher } from "./parent-namespace.js";
import type { ServerSocket } from "./socket.js";

/** What an emitter can do beside `emit`: the listeners of a server are those of `/`. */
const LISTENING = [
  ...["on", "addListener", "once", "prependListener", "prependOnceListener"],
  ...["off", "removeListener", "removeAllListeners", "setMaxListeners", "getMaxListeners"],
  ...["listeners", "rawListeners", "listenerCount", "eventNames"],
] as const;

/** What every Socket.IO server here can do, whether Dialogue is on it or not. All but `of` is about `/`. */
export class IoServer extends EventEmitter {
  readonly sockets: Namespace;
  readonly #hub: Hub;

  constructor(hub: Hub) {
    super();
    this.#hub = hub;
    this.sockets = hub.main;
    hub.server = this;
    // `console.log(io)` is to be readable: nothing of the emitter either, which `/` is in its place.
    for (const key of Reflect.ownKeys(this)) Object.defineProperty(this, key, { enumerable: false });
  }

  /** The namespace of a name; or what those have in common whose name matches. */
  of(name: string | RegExp | NamespaceMatcher, listener?: (socket: ServerSocket) => void): Namespace {
    return this.#hub.of(name, listener);
  }

  /** What the adapters of namespaces are made by. There is no other kind: rooms are the engine's own. */
  adapter(): typeof Adapter;
  adapter(value: unknown): this;
  adapter(value?: unknown): typeof Adapter | this;
  adapter(value?: unknown): typeof Adapter | this {
    if (value === undefined) return Adapter;
    if (value === Adapter) return this;
    throw optionError("adapter", `is not supported: ${UNSUPPORTED["adapter"]}`);
  }

  /** Namespaces, as Socket.IO keeps them for itself: what reaches for them is told so, and not that something is undefined. */
  get _nsps(): never {
    throw invalidUse(
      "io._nsps is not there: what reaches into Socket.IO, such as instrument() of @socket.io/admin-ui, does not work with dialogue-rs",
    );
  }

  use(middleware: Middleware<ServerSocket>): this {
    this.sockets.use(middleware);
    return this;
  }

  // ---------------------------------------------------------------- sending

  override emit(event: string, ...args: unknown[]): boolean {
    return this.sockets.emit(event, ...args);
  }

  send(...args: unknown[]): this {
    this.sockets.send(...args);
    return this;
  }

  write(...args: unknown[]): this {
    return this.send(...args);
  }

  to(room: string | readonly string[]): BroadcastOperator {
    return this.sockets.to(room);
  }

  in(room: string | readonly string[]): BroadcastOperator {
    return this.sockets.in(room);
  }

  except(room: string | readonly string[]): BroadcastOperator {
    return this.sockets.except(room);
  }

  compress(compress: boolean): BroadcastOperator {
    return this.sockets.compress(compress);
  }

  get volatile(): BroadcastOperator {
    return this.sockets.volatile;
  }

  get local(): BroadcastOperator {
    return this.sockets.local;
  }

  timeout(timeout: number): BroadcastOperator {
    return this.sockets.timeout(timeout);
  }

  emitWithAck(event: string, ...args: unknown[]): Promise<unknown> {
    return this.sockets.emitWithAck(event, ...args);
  }

  serverSideEmit(event: string, ...args: unknown[]): boolean {
    return this.sockets.serverSideEmit(event, ...args);
  }

  serverSideEmitWithAck(event: string, ...args: unknown[]): Promise<unknown[]> {
    return this.sockets.serverSideEmitWithAck(event, ...args);
  }

  // ---------------------------------------------------------------- all sockets

  allSockets(): Promise<Set<string>> {
    return this.sockets.allSockets();
  }

  fetchSockets(): Promise<ServerSocket[]> {
    return this.sockets.fetchSockets();
  }

  socketsJoin(room: string | readonly string[]): void {
    this.sockets.socketsJoin(room);
  }

  socketsLeave(room: string | readonly string[]): void {
    this.sockets.socketsLeave(room);
  }

  disconnectSockets(close = false): void {
    this.sockets.disconnectSockets(close);
  }
}

for (const name of LISTENING) {
  const method = function (this: IoServer, ...args: unknown[]): unknown {
    return Reflect.apply(this.sockets[name], this.sockets, args);
  };
  Object.defineProperty(IoServer.prototype, name, { value: method, configurable: true, writable: true });
}

notReplaced(
  IoServer.prototype,
  "io",
  ["onconnection", "_checkNamespace", "initEngine", "attachServe", "serve"],
  "io.use, io.engine.use and the events of io",
);
