import type { Handshake } from "../../index.js";
import type { Dispatcher } from "../dispatcher.js";
import type { SocketInfo } from "../native.js";
import type { Adapter } from "./adapter.js";
import { BroadcastOperator } from "./broadcast-operator.js";
import type { Client, Connection } from "./connection.js";
import { GuardedEmitter, type Listener } from "./emitter.js";
import type { Hub } from "./hub.js";
import type { IncomingRequest } from "./incoming-request.js";
import { FAILED, type Middleware, runMiddleware } from "./middleware.js";
import type { Namespace } from "./namespace.js";
import { notReplaced } from "./not-replaced.js";
import { type Acknowledge, checkName, type Flags, type Packed, packArgs, splitAck } from "./packet.js";

/** What a socket is told of without an event that a client sent, and no client can send. An `error` it can. */
const OWN_EVENTS: ReadonlySet<unknown> = new Set(["disconnect", "disconnecting"]);
/** Bits of `ioHear`. */
const EVENTS = 1;
const EVERYTHING = 2;
/** The type of an event's packet. */
const EVENT = 2;
/** What Socket.IO calls inside and plug-ins replace. */
const NOT_REPLACED = [
  ...["_onpacket", "onpacket", "dispatch", "run", "onack", "ondisconnect", "packet"],
  ...["_onclose", "onclose", "_onerror", "onerror", "_onconnect", "onconnect", "_cleanup", "_error"],
];

/** An event of a client as Socket.IO hands it to `socket.onevent`. */
export interface EventPacket {
  readonly type: number;
  readonly nsp: string;
  /** Number of the acknowledgement that it asks for. */
  readonly id?: number;
  /** The name, and the arguments. */
  data: unknown[];
}

/** A client in a namespace, as Socket.IO's server shows it. */
export class ServerSocket extends GuardedEmitter {
  readonly id: string;
  readonly nsp: Namespace;
  readonly handshake: Handshake;
  readonly recovered = false;
  // biome-ignore lint/suspicious/noExplicitAny: it is the program's own
  data: any = {};
  readonly #hub: Hub;
  readonly #dispatcher: Dispatcher;
  readonly #connId: string;
  #phase: "pending" | "connected" | "ending" | "over" = "pending";
  #flags: Flags = {};
  /** Until it is let in, the rooms that it is to join; then its rooms, from when somebody asked for them. */
  #rooms: Set<string> | undefined;
  #middleware: Middleware<unknown[]>[] | undefined;
  #anyListeners: Listener[] = [];
  #anyOutgoingListeners: Listener[] = [];
  /** What the engine was told that somebody listens to. */
  #heard: number | undefined;
  /** Ends the waiting for acknowledgements. */
  #waiting: Set<() => void> | undefined;
  /** What is to be sent once it is let in. */
  #early: (() => void)[] | undefined;
  #client: Client | undefined;
  /** What a plug-in put in the place of `onevent`. */
  #onevent: ((packet: EventPacket) => unknown) | undefined;

  constructor(info: SocketInfo, nsp: Namespace, hub: Hub, dispatcher: Dispatcher) {
    super(dispatcher, "socket");
    this.id = info.id;
    this.nsp = nsp;
    this.handshake = readHandshake(info);
    this.#connId = info.conn;
    this.#hub = hub;
    this.#dispatcher = dispatcher;
    // `console.log(socket)` shows who it is, not the machinery.
    Object.defineProperty(this, "nsp", { enumerable: false });
  }

  // ---------------------------------------------------------------- what it is

  get connected(): boolean {
    if (this.#phase === "ending") return true;
    if (this.#phase !== "connected") return false;
    // The hooks for Dialogue's clients are told of the end before the socket is.
    return !this.#hub.isDialogues(this.nsp) || this.#hub.engine.ioConnected(this.nsp.key, this.id);
  }

  get disconnected(): boolean {
    return !this.connected;
  }

  get rooms(): Set<string> {
    if (this.#phase === "over") return new Set();
    if (this.#rooms) return this.#rooms;
    this.#rooms = new Set(this.#phase === "pending" ? [] : this.#engineRooms());
    if (this.#phase !== "pending") this.nsp.showRooms();
    return this.#rooms;
  }

  /** Those of its namespace, where Socket.IO's sockets have them too. */
  get server(): unknown {
    return this.nsp.server;
  }

  get adapter(): Adapter {
    return this.nsp.adapter;
  }

  get conn(): Connection {
    return this.client.conn;
  }

  get client(): Client {
    this.#client ??= this.#hub.connection(this.#connId, this.handshake);
    return this.#client;
  }

  get request(): IncomingRequest {
    return this.client.request;
  }

  // ---------------------------------------------------------------- sending

  override emit(event: string, ...args: unknown[]): boolean {
    checkName(event);
    const flags = this.#takeFlags();
    const [data, ack] = splitAck(args);
    const packed = packArgs([event, ...data]);
    this.tellOutgoing([event, ...data]);
    if (this.#phase === "pending") {
      this.#early ??= [];
      this.#early.push(() => this.#send(packed, flags, ack));
    } else this.#send(packed, flags, ack);
    return true;
  }

  #send(packed: Packed, flags: Flags, ack: Acknowledge | undefined): void {
    const { nsp } = this;
    const bits = this.#hub.flagBits(flags, ack !== undefined);
    const number = this.#hub.engine.ioEmit(nsp.key, this.id, packed.json, packed.attachments, bits);
    // Of what was not sent, nobody keeps the callback, unless it is to be told that time is up.
    if (ack && (number >= 0 || flags.timeout !== undefined)) {
      const end = nsp.acks.ofSocket(this.id, number, flags.timeout, (...answer) => {
        this.#waiting?.delete(end);
        // What it returns may be a promise that rejects.
        return ack.apply(this, answer);
      });
      this.#waiting ??= new Set();
      this.#waiting.add(end);
    }
  }

  emitWithAck(event: string, ...args: unknown[]): Promise<unknown> {
    const timed = this.#flags.timeout !== undefined;
    return new Promise((resolve, reject) => {
      this.emit(event, ...args, (...answer: unknown[]) => {
        const [error, value] = timed ? answer : [null, answer[0]];
        if (error) reject(error as Error);
        else resolve(value);
      });
    });
  }

  send(...args: unknown[]): this {
    this.emit("message", ...args);
    return this;
  }

  write(...args: unknown[]): this {
    return this.send(...args);
  }

  compress(compress: boolean): this {
    this.#flags.compress = compress;
    return this;
  }

  timeout(timeout: number): this {
    this.#flags.timeout = timeout;
    return this;
  }

  get volatile(): this {
    this.#flags.volatile = true;
    return this;
  }

  get broadcast(): BroadcastOperator {
    return new BroadcastOperator(() => [this.nsp], [], [this.id], this.#takeFlags());
  }

  get local(): BroadcastOperator {
    return this.broadcast.local;
  }

  to(room: string | readonly string[]): BroadcastOperator {
    return this.broadcast.to(room);
  }

  in(room: string | readonly string[]): BroadcastOperator {
    return this.broadcast.in(room);
  }

  except(room: string | readonly string[]): BroadcastOperator {
    return this.broadcast.except(room);
  }

  // ---------------------------------------------------------------- rooms

  join(rooms: string | readonly string[]): void {
    const names = (Array.isArray(rooms) ? rooms : [rooms]).map(String);
    if (this.#phase === "pending") for (const name of names) this.rooms.add(name);
    else if (this.#isMember) this.nsp.join(this.#selector, names);
  }

  leave(room: string): void {
    if (this.#phase === "pending") this.rooms.delete(String(room));
    else if (this.#isMember) this.nsp.leave(this.#selector, [String(room)]);
  }

  /** Takes it out of all rooms, that of its own id too. */
  leaveAll(): void {
    if (this.#phase === "pending") this.rooms.clear();
    else if (this.#isMember) this.nsp.leave(this.#selector, [...this.rooms]);
  }

  /** It is in its namespace: in `disconnecting` too, so that what a listener does to its rooms there holds until `disconnect`. */
  get #isMember(): boolean {
    return this.#phase === "connected" || this.#phase === "ending";
  }

  /** It joined rooms. */
  joined(rooms: readonly string[]): void {
    if (this.#isMember) for (const room of rooms) this.#rooms?.add(room);
  }

  /** It left rooms. */
  left(rooms: readonly string[]): void {
    if (this.#isMember) for (const room of rooms) this.#rooms?.delete(room);
  }

  /** The room of its own id has others in it where they joined it: this is for the one alone. */
  get #selector(): string {
    return JSON.stringify({ only: this.id });
  }

  // ---------------------------------------------------------------- listening

  use(middleware: Middleware<unknown[]>): this {
    if (typeof middleware !== "function") throw new TypeError("the middleware must be a function");
    this.#middleware = [...(this.#middleware ?? []), middleware];
    this.heed();
    return this;
  }

  onAny(listener: Listener): this {
    this.#anyListeners = [...this.#anyListeners, listener];
    return this.#heeding();
  }

  prependAny(listener: Listener): this {
    this.#anyListeners = [listener, ...this.#anyListeners];
    return this.#heeding();
  }

  offAny(listener?: Listener): this {
    this.#anyListeners = without(this.#anyListeners, listener);
    return this.#heeding();
  }

  listenersAny(): Listener[] {
    return this.#anyListeners;
  }

  onAnyOutgoing(listener: Listener): this {
    this.#anyOutgoingListeners = [...this.#anyOutgoingListeners, listener];
    return this.#watching();
  }

  prependAnyOutgoing(listener: Listener): this {
    this.#anyOutgoingListeners = [listener, ...this.#anyOutgoingListeners];
    return this.#watching();
  }

  offAnyOutgoing(listener?: Listener): this {
    this.#anyOutgoingListeners = without(this.#anyOutgoingListeners, listener);
    return this.#watching();
  }

  listenersAnyOutgoing(): Listener[] {
    return this.#anyOutgoingListeners;
  }

  disconnect(close = false): this {
    if (this.#phase !== "connected") return this;
    const isDialogues = this.#hub.isDialogues(this.nsp);
    this.#hub.engine.ioDisconnect(this.nsp.key, this.id, close);
    // Of those of Dialogue's `/` the engine tells, when the hooks for clients have run; and of those beside it on its connection.
    if (isDialogues) this.nsp.tellEnds([this.id]);
    else this.end("server namespace disconnect");
    if (close) this.#hub.drain();
    return this;
  }

  // ---------------------------------------------------------------- what the namespace calls

  /** It is let in. */
  begin(): void {
    this.#phase = "connected";
    const rooms = [...(this.#rooms ?? [])].filter((room) => room !== this.id);
    this.#rooms = undefined;
    if (rooms.length > 0) this.nsp.join(this.#selector, rooms);
    for (const send of this.#early ?? []) send();
    this.#early = undefined;
    // Until the listeners for `connection` were told, the engine keeps what comes: they may be about to add some.
    if (this.#listening !== 0) this.heed();
  }

  /** It is over: tells the listeners, once. */
  end(reason: string): void {
    if (this.#phase !== "connected") return;
    // One that the program ended is gone already, until its end is told.
    if (this.#hub.isDialogues(this.nsp)) this.#hub.engine.ioRestore(this.nsp.key, this.id);
    this.#phase = "ending";
    this.tell("disconnecting", reason, undefined);
    this.#phase = "over";
    this.#rooms = undefined;
    for (const end of this.#waiting ?? []) end();
    this.#waiting = undefined;
    this.nsp.forget(this);
    this.tell("disconnect", reason, undefined);
  }

  /**
   * The client sent an event.
   *
   * @param overheard Only for those who listen to everything.
   */
  receive(event: unknown[], ack: number | undefined, overheard: boolean): void {
    if (this.#phase !== "connected") return;
    const { onevent } = this;
    if (overheard || onevent === ownOnevent) {
      this.#handle(event, ack, overheard);
      return;
    }
    const packet = { type: EVENT, nsp: this.nsp.name, ...(ack !== undefined && { id: ack }), data: event };
    this.call("socket.onevent", () => onevent.call(this, packet));
  }

  /**
   * What an event of the client is handed to. A plug-in may put its own in this place, and call this one from there.
   *
   * @internal
   */
  get onevent(): (this: ServerSocket, packet: EventPacket) => unknown {
    return this.#onevent ?? ownOnevent;
  }

  set onevent(replacement: (packet: EventPacket) => unknown) {
    if (!(#onevent in this)) {
      // Of the class: for all sockets that have none of their own.
      Object.defineProperty(this, "onevent", { value: replacement, writable: true, configurable: true });
      return;
    }
    this.#onevent = replacement;
    this.heed();
  }

  /**
   * The callback that answers an event.
   *
   * @internal
   */
  ack(id: number): Listener {
    let sent = false;
    return (...args: unknown[]) => {
      if (sent) return;
      const { json, attachments } = packArgs(args);
      // Not before: one that could not be packed was not sent.
      sent = true;
      this.#hub.engine.ioAcknowledge(this.nsp.key, this.id, id, json, attachments);
    };
  }

  static handle(socket: ServerSocket, event: unknown[], ack: number | undefined): void {
    if (socket.#phase === "connected") socket.#handle(event, ack, false);
  }

  #handle(event: unknown[], ack: number | undefined, overheard: boolean): void {
    if (ack !== undefined) event.push(this.ack(ack));
    for (const listener of this.#anyListeners)
      this.call("socket.onAny", () => listener.apply(this, event as []));
    if (overheard) return;
    if (this.#middleware === undefined) {
      this.#dispatch(event);
      return;
    }
    runMiddleware(this.#middleware, event, "socket.use", this.#dispatcher, (outcome) => {
      if (this.#phase !== "connected") return;
      if (outcome === undefined) this.#dispatch(event);
      else if (outcome !== FAILED) this.tell("error", outcome.refusal);
    });
  }

  /** The client sent what is no packet, and its connection is being closed. */
  fail(error: Error): void {
    if (this.#phase === "connected") this.tell("error", error);
  }

  /** What is about to be sent to it. */
  tellOutgoing(event: unknown[]): void {
    for (const listener of this.#anyOutgoingListeners)
      this.call("socket.onAnyOutgoing", () => listener.apply(this, event as []));
  }

  /** Tells the engine what somebody listens to. */
  heedAll(): void {
    this.#heard = undefined;
    this.heed();
  }

  protected override heed(): void {
    if (this.#phase !== "connected") return;
    const bits = this.#listening;
    if (bits === this.#heard) return;
    this.#heard = bits;
    this.#hub.engine.ioHear(this.nsp.key, this.id, bits);
  }

  /** What somebody listens to. */
  get #listening(): number {
    const listens = this.eventNames().some((event) => !OWN_EVENTS.has(event));
    const overhears = this.#anyListeners.length > 0;
    const wantsEvents = listens || overhears || this.#middleware !== undefined || this.onevent !== ownOnevent;
    return (wantsEvents ? EVENTS : 0) | (overhears ? EVERYTHING : 0);
  }

  #dispatch(event: unknown[]): void {
    const [name, ...args] = event;
    this.tell(typeof name === "symbol" ? name : String(name), ...args);
  }

  #engineRooms(): string[] {
    return this.nsp.roomsOf(this.id);
  }

  #takeFlags(): Flags {
    const flags = this.#flags;
    this.#flags = {};
    return flags;
  }

  #heeding(): this {
    this.heed();
    return this;
  }

  #watching(): this {
    this.nsp.watchOutgoing(this, this.#anyOutgoingListeners.length > 0 && this.#phase !== "over");
    return this;
  }
}

/** What Socket.IO's own `onevent` does, which a plug-in calls with the packet, at once or later. */
const ownOnevent = function onevent(this: ServerSocket, packet: EventPacket): void {
  ServerSocket.handle(this, packet.data ?? [], packet.id ?? undefined);
};

notReplaced(
  ServerSocket.prototype,
  "socket",
  NOT_REPLACED,
  "socket.use, socket.onAny, socket.onAnyOutgoing or socket.onevent",
);

const without = (listeners: Listener[], listener: Listener | undefined): Listener[] => {
  const index = listeners.indexOf(listener as Listener);
  if (listener === undefined) return [];
  return index === -1 ? listeners : listeners.toSpliced(index, 1);
};

/** The handshake as Socket.IO shows it. */
function readHandshake({ handshake }: SocketInfo): Handshake {
  const { headers, address, xdomain, secure, issued, url, query, auth } = handshake;
  return { headers, time: String(new Date(issued)), address, xdomain, secure, issued, url, query, auth };
}
