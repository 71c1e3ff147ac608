import { setTimeout } from "node:timers";
import type { Handshake, Logger } from "../../index.js";
import type { Dispatcher } from "../dispatcher.js";
import { isWellFormed } from "../fields.js";
import type { Call, DecideNamespace, SocketInfo } from "../native.js";
import { revive } from "../payload.js";
import { Client, Connection, type ConnectionInfo } from "./connection.js";
import { type EnginePort, IDLE } from "./engine-port.js";
import type { IncomingRequest } from "./incoming-request.js";
import { FAILED, type Outcome } from "./middleware.js";
import { Namespace } from "./namespace.js";
import { invalidUse } from "./option-error.js";
import type { Flags } from "./packet.js";
import { type NamespaceMatcher, ParentNamespace } from "./parent-namespace.js";
import { requestOf } from "./request.js";
import type { ServerSocket } from "./socket.js";

/** What a hub leans on. */
export interface HubSupport {
  readonly dispatcher: Dispatcher;
  readonly log: Logger;
  /** Handles what the engine told meanwhile, unless that is being done. */
  readonly drain: () => void;
  /** Milliseconds that the engine waits for middleware: `limits.hookTimeout`. */
  readonly timeout: () => number;
  /** Where `/` is Dialogue's: its sockets are found by way of its clients. */
  readonly dialogue?: {
    find(id: string): ServerSocket | undefined;
    /** What of `/` the engine is to tell has changed. */
    configure(): void;
  };
}

/** Bits of the flags of an emit. */
const VOLATILE = 1;
const ACK = 2;
const FIRST = 4;
/** Milliseconds that events without a listener are kept at least, so that a flood of them does not take up every turn. */
const TURN_MS = 10;

/** All sockets of one server: its namespaces, their parents, the connections below, and what the engine tells of them. */
export class Hub {
  /** The `Server` that programs hold. */
  server: unknown;
  /** Whether namespaces that a parent made go with their last socket. */
  cleansUp = false;
  readonly main: Namespace;
  readonly log: Logger;
  readonly #support: HubSupport;
  readonly #dispatcher: Dispatcher;
  readonly #byName = new Map<string, Namespace>();
  readonly #byKey = new Map<number, Namespace>();
  readonly #parents: ParentNamespace[] = [];
  readonly #connections = new Map<string, Client>();
  #engine: EnginePort = IDLE;
  #requests: (conn: string) => IncomingRequest | undefined = () => undefined;
  /** Whether something was sent in this turn of the event loop. */
  #turnBegan = false;

  constructor(support: HubSupport) {
    this.#support = support;
    this.#dispatcher = support.dispatcher;
    this.log = support.log;
    this.main = new Namespace(this, "/", support.dispatcher);
    this.#byName.set("/", this.main);
    this.#byKey.set(0, this.main);
  }

  get engine(): EnginePort {
    return this.#engine;
  }

  /**
   * From now on this engine carries the sockets.
   *
   * @param requests The request that opened a connection, where the program has seen it.
   */
  attach(engine: EnginePort, requests: (conn: string) => IncomingRequest | undefined): void {
    this.#engine = engine;
    this.#requests = requests;
    this.#byKey.clear();
    for (const namespace of this.#byName.values()) this.#register(namespace);
    engine.ioOpenEnded(this.#parents.length > 0);
  }

  /** The engine is gone, and every socket with it. */
  detach(reason: string): void {
    for (const namespace of [...this.#byName.values()]) {
      for (const socket of namespace.known) socket.end(reason);
    }
    this.#engine = IDLE;
    this.#requests = () => undefined;
  }

  drain(): void {
    this.#support.drain();
  }

  /** The flags of what is sent, as the engine takes them. */
  flagBits(flags: Flags, ack: boolean): number {
    const bits = (flags.volatile ? VOLATILE : 0) | (ack ? ACK : 0);
    if (this.#turnBegan) return bits;
    this.#turnBegan = true;
    setImmediate(() => {
      this.#turnBegan = false;
    });
    return bits | FIRST;
  }

  /** Whether it is the namespace that Dialogue's clients are in. */
  isDialogues(namespace: Namespace): boolean {
    return namespace === this.main && this.#support.dialogue !== undefined;
  }

  // ---------------------------------------------------------------- namespaces

  of(name: string | RegExp | NamespaceMatcher, listener?: (socket: ServerSocket) => void): Namespace {
    const namespace =
      typeof name === "function" || name instanceof RegExp ? this.#parent(name) : this.#named(String(name));
    if (listener) namespace.on("connect", listener);
    return namespace;
  }

  /** What of a namespace the engine is to tell, or to ask. */
  configure(namespace: Namespace): void {
    if (this.isDialogues(namespace)) this.#support.dialogue?.configure();
    // One that another engine knew may have a key that is another's now.
    else if (this.#byKey.get(namespace.key) === namespace)
      this.#engine.ioConfigure(namespace.key, namespace.listens, namespace.guards || this.#goes(namespace));
  }

  /** Whether a namespace goes with its last socket. Then each that comes is asked about, so that none comes while it goes. */
  #goes(namespace: Namespace): boolean {
    return this.cleansUp && this.#parents.some((parent) => parent.children.has(namespace));
  }

  /** A socket of this namespace is gone. */
  emptied(namespace: Namespace): void {
    if (!this.#goes(namespace) || !namespace.isEmpty) return;
    for (const parent of this.#parents) parent.dropChild(namespace);
    this.#byName.delete(namespace.name);
    this.#byKey.delete(namespace.key);
    this.#engine.ioDropNamespace(namespace.name);
  }

  #named(given: string): Namespace {
    const name = given.startsWith("/") ? given : `/${given}`;
    if (!isWellFormed(name))
      throw invalidUse(
        "io.of: a namespace's name must not hold half a character, which no client can ask for",
      );
    const known = this.#byName.get(name);
    if (known) return known;
    const parent = this.#parents.find((candidate) => candidate.knows(name));
    return this.#make(name, parent);
  }

  #make(name: string, parent: ParentNamespace | undefined): Namespace {
    const namespace = new Namespace(this, name, this.#dispatcher);
    this.#byName.set(name, namespace);
    parent?.adoptChild(namespace);
    this.#register(namespace);
    this.main.announce("new_namespace", namespace);
    return namespace;
  }

  #register(namespace: Namespace): void {
    const key = namespace === this.main ? 0 : this.#engine.ioNamespace(namespace.name);
    this.#byKey.set(key, namespace);
    namespace.attach(key, !this.isDialogues(namespace));
  }

  #parent(matches: RegExp | NamespaceMatcher): ParentNamespace {
    const parent = new ParentNamespace(this, matches, this.#dispatcher);
    this.#parents.push(parent);
    this.#engine.ioOpenEnded(true);
    return parent;
  }

  // ---------------------------------------------------------------- sockets

  /** Makes the object of a socket that is there. */
  look(namespace: Namespace, id: string): ServerSocket | undefined {
    if (typeof id !== "string") return undefined;
    if (this.isDialogues(namespace)) return this.#support.dialogue?.find(id);
    const info = this.#engine.ioLook(namespace.key, id);
    return info === null ? undefined : namespace.adopt(JSON.parse(info) as SocketInfo);
  }

  /** The connection under a socket. */
  connection(id: string, handshake: Handshake): Client {
    const known = this.#connections.get(id);
    if (known) return known;
    const told = this.#engine.ioConnection(id);
    const details = told === null ? undefined : (JSON.parse(told) as ConnectionInfo);
    const request = this.request(id, handshake);
    const client = new Client(
      new Connection(id, details, request, this.#engine, this.#dispatcher),
      this.server,
    );
    // One that is over is nobody's to keep.
    if (details) this.#connections.set(id, client);
    return client;
  }

  /** The request that opened a connection. */
  request(id: string, handshake: Handshake): IncomingRequest {
    return this.#requests(id) ?? requestOf(handshake);
  }

  // ---------------------------------------------------------------- what the engine tells

  /** What is not about sockets is nothing here. */
  handle(call: Call, attachments: Buffer[]): void {
    switch (call.k) {
      case "decideNamespace":
        this.decide(call);
        break;
      case "ioEvent": {
        const socket = this.#byKey.get(call.nsp)?.find(call.id);
        socket?.receive(revive(call.args, attachments), call.ack, call.overheard === true);
        break;
      }
      case "ioAnswered":
        this.#byKey.get(call.nsp)?.acks.answered(call.ack, call.id, revive(call.args, attachments));
        break;
      case "ioFailed":
        this.#byKey.get(call.nsp)?.made(call.id)?.fail(new Error(call.message));
        break;
      case "ioConnected": {
        const namespace = this.#byKey.get(call.nsp);
        if (namespace) {
          const socket = namespace.adopt(call.socket);
          namespace.arrived(socket.id);
          namespace.welcome(socket);
        }
        break;
      }
      case "ioDisconnected":
        this.#byKey.get(call.nsp)?.ended(call.id, call.reason);
        break;
      case "ioRooms":
        this.#byKey.get(call.nsp)?.tellRooms();
        break;
      case "ioTurn": {
        const engine = this.#engine;
        // Its own turn, when all that runs now is over.
        setTimeout(() => engine.ioTurned(), TURN_MS).unref();
        break;
      }
      case "ioUpgraded": {
        const client = this.#connections.get(call.conn);
        if (client) Connection.upgraded(client.conn);
        break;
      }
      case "ioClosed": {
        const client = this.#connections.get(call.conn);
        this.#connections.delete(call.conn);
        if (client) Connection.closed(client.conn, call.reason);
        break;
      }
    }
  }

  /** A client asks for a namespace that has middleware, or that only a parent may know. */
  decide({ ticket, nsp: name, socket: info }: DecideNamespace): void {
    // The ticket is this engine's, whichever there is when it is decided.
    const engine = this.#engine;
    this.#find(name, info.handshake.auth, (namespace) => {
      if (!namespace) return engine.ioRefuse(ticket, '"Invalid namespace"', null);
      const socket = namespace.candidate(info);
      const decided = this.#expect(namespace);
      namespace.judge(socket, (outcome) => {
        decided();
        if (outcome !== undefined) refuse(engine, ticket, outcome);
        else if (engine.ioAccept(ticket, namespace.key, info.id)) {
          namespace.admit(socket);
          namespace.tellRooms();
          namespace.welcome(socket);
          return;
        }
        namespace.dismiss(socket);
        this.emptied(namespace);
      });
    });
  }

  /**
   * Somebody is about to be let into a namespace, until the function that this gives is called. One whose middleware never goes on is waited for
   * as long as the engine waits: the namespace is not to stay for it.
   */
  #expect(namespace: Namespace): () => void {
    if (!this.#goes(namespace)) return () => {};
    namespace.expect(1);
    let isOver = false;
    const end = () => {
      if (isOver) return;
      isOver = true;
      clearTimeout(overdue);
      namespace.expect(-1);
    };
    const overdue = setTimeout(() => {
      end();
      this.emptied(namespace);
    }, this.#support.timeout());
    overdue.unref();
    return end;
  }

  /** Middleware kept a client out, or failed. */
  refuse(ticket: number, outcome: Exclude<Outcome, undefined>): void {
    refuse(this.#engine, ticket, outcome);
  }

  /** The namespace of a name; where there is none, one that a parent allows. */
  #find(
    name: string,
    auth: Record<string, unknown>,
    found: (namespace: Namespace | undefined) => void,
  ): void {
    const known = this.#byName.get(name);
    if (known) {
      found(known);
      return;
    }
    const ask = (index: number): void => {
      const parent = this.#parents[index];
      if (!parent) {
        found(undefined);
        return;
      }
      parent.allows(name, auth, (allowed) => {
        // Another one may have made it meanwhile.
        if (allowed) found(this.#byName.get(name) ?? this.#make(name, parent));
        else ask(index + 1);
      });
    };
    ask(0);
  }
}

function refuse(engine: EnginePort, ticket: number, outcome: Exclude<Outcome, undefined>): void {
  if (outcome === FAILED) {
    engine.ioRefuse(ticket, '"Internal error"', '{"code":"INTERNAL"}');
    return;
  }
  // What `next` was given may be anything: as in Socket.IO, what has no message is refused without one.
  const { message, data } = outcome.refusal as { message?: unknown; data?: unknown };
  engine.ioRefuse(ticket, asJson(message), asJson(data));
}

/** A field of what a middleware gave to `next`, as JSON; nothing where it cannot be sent. */
function asJson(value: unknown): string | null {
  try {
    return JSON.stringify(value) ?? null;
  } catch {
    return null;
  }
}
