import type { Dispatcher } from "../dispatcher.js";
import { GuardedEmitter } from "./emitter.js";
import type { EnginePort } from "./engine-port.js";
import type { IncomingRequest } from "./incoming-request.js";
import { notReplaced } from "./not-replaced.js";

/** What the engine tells of a connection. */
export interface ConnectionInfo {
  /** The revision of Engine.IO: 4, or 3 of clients of Socket.IO 2. */
  readonly protocol: number;
  readonly transport: string;
  readonly address: string;
}

/** `socket.conn`: the Engine.IO connection that one or more sockets share. */
export class Connection extends GuardedEmitter {
  readonly id: string;
  readonly protocol: number;
  readonly request: IncomingRequest;
  readonly remoteAddress: string;
  readonly transport: { name: string };
  readyState: "open" | "closing" | "closed";
  readonly #engine: EnginePort;

  constructor(
    id: string,
    known: ConnectionInfo | undefined,
    request: IncomingRequest,
    engine: EnginePort,
    dispatcher: Dispatcher,
  ) {
    super(dispatcher, "socket.conn");
    this.id = id;
    this.request = request;
    this.protocol = known?.protocol ?? 4;
    this.remoteAddress = known?.address ?? request.socket.remoteAddress ?? "";
    this.transport = { name: known?.transport ?? "polling" };
    this.readyState = known ? "open" : "closed";
    this.#engine = engine;
    // The id is a secret between the server and its client: it is there for those who ask, and not in a log.
    Object.defineProperty(this, "id", { enumerable: false });
  }

  get upgraded(): boolean {
    const [, query] = (this.request.url ?? "").split("?");
    // Of a repeated parameter the last value counts.
    const first = new URLSearchParams(query).getAll("transport").at(-1);
    return first === "polling" && this.transport.name === "websocket";
  }

  /** Closes it, and all sockets on it. */
  close(): void {
    if (this.readyState === "open") this.readyState = "closing";
    this.#engine.ioCloseConnection(this.id);
  }

  /** It has another transport. */
  static upgraded(connection: Connection): void {
    connection.transport.name = "websocket";
    connection.tell("upgrade", connection.transport);
  }

  /** It is over. */
  static closed(connection: Connection, reason: string): void {
    if (connection.readyState === "closed") return;
    connection.readyState = "closed";
    connection.tell("close", reason);
  }
}

/** `socket.client`: what Socket.IO has between a connection and its sockets. */
export class Client {
  readonly conn: Connection;
  readonly server: unknown;

  constructor(conn: Connection, server: unknown) {
    this.conn = conn;
    this.server = server;
    Object.defineProperty(this, "server", { enumerable: false });
  }

  get id(): string {
    return this.conn.id;
  }

  get request(): IncomingRequest {
    return this.conn.request;
  }
}

const INSTEAD = "socket.use, socket.onAny and socket.onAnyOutgoing";
notReplaced(
  Client.prototype,
  "client",
  ["connect", "doConnect", "ondata", "ondecoded", "onerror", "onclose", "_packet", "writeToEngine", "packet"],
  INSTEAD,
);
notReplaced(Connection.prototype, "conn", ["send", "write", "sendPacket", "onPacket", "onClose"], INSTEAD);
