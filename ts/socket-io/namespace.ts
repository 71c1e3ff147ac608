import type { Dispatcher } from "../dispatcher.js";
import { namesFromEngine, toEngine } from "../names.js";
import type { RoomChange, SocketInfo } from "../native.js";
import { Acks } from "./acks.js";
import { Adapter } from "./adapter.js";
import { BroadcastOperator } from "./broadcast-operator.js";
import { GuardedEmitter, type Listener } from "./emitter.js";
import type { Hub } from "./hub.js";
import { type Middleware, type Outcome, runMiddleware } from "./middleware.js";
import { notReplaced } from "./not-replaced.js";
import { type Acknowledge, type Flags, packArgs } from "./packet.js";
import { ServerSocket } from "./socket.js";
import { SocketMap } from "./socket-map.js";

/** Two names of one event. */
export const CONNECTION = ["connect", "connection"];

/** The key of what the engine does not know. */
const NO_KEY = 0xffff_ffff;

/** What the log calls a namespace. */
const title = (name: string): string => (name === "/" ? "io" : `io.of('${name}')`);

/** A namespace: the sockets that asked for its name. */
export class Namespace extends GuardedEmitter {
  readonly name: string;
  readonly sockets: SocketMap;
  readonly adapter: Adapter;
  readonly acks: Acks;
  readonly #hub: Hub;
  readonly #dispatcher: Dispatcher;
  /** Objects of sockets, from the first look until their end. */
  readonly #made = new Map<string, ServerSocket>();
  readonly #middleware: Middleware<ServerSocket>[] = [];
  /** Whether some socket shows its rooms as a set, which is to move with it. */
  #showsRooms = false;
  /** Sockets that want to know what is sent to them. */
  readonly #outgoing = new Set<ServerSocket>();
  /** Its number in the engine. */
  #key = NO_KEY;
  /** Those whose middleware is being run. */
  #pending = 0;
  /** The program that has just made it may be about to add middleware: until its turn is over, nobody gets past. */
  #isNew = false;

  constructor(hub: Hub, name: string, dispatcher: Dispatcher) {
    super(dispatcher, title(name));
    this.name = name;
    this.#hub = hub;
    this.#dispatcher = dispatcher;
    this.sockets = new SocketMap({
      find: (id) => (this.#shows(id) ? this.find(id) : undefined),
      ids: () => this.select("{}"),
      count: () => hub.engine.ioCount(this.#key),
    });
    this.adapter = new Adapter(
      this,
      title(name),
      {
        roomNames: () => namesFromEngine(hub.engine.ioRoomNames(this.#key)),
        roomCount: () => hub.engine.ioRoomCount(this.#key),
        fewIn: (room, most) => hub.engine.ioInRoom(this.#key, toEngine(room), most),
        roomSize: (room) => hub.engine.ioRoomSize(this.#key, toEngine(room)),
        isIn: (room, id) => hub.engine.ioIsIn(this.#key, toEngine(room), id),
        idsIn: (room) => this.select(JSON.stringify({ rooms: [toEngine(room)] })),
        ids: () => this.select("{}"),
        count: () => hub.engine.ioCount(this.#key),
        has: (id) => hub.engine.ioIsShown(this.#key, id),
        roomsOf: (id) => (hub.engine.ioIsShown(this.#key, id) ? this.roomsOf(id) : []),
        roomCountOf: (id) =>
          hub.engine.ioIsShown(this.#key, id) ? hub.engine.ioRoomCountOf(this.#key, id) : 0,
        watch: (watched) => hub.engine.ioWatchRooms(this.#key, watched),
      },
      dispatcher,
    );
    this.acks = new Acks(
      (what, callback) => this.call(what, callback),
      (id, number) => hub.engine.ioForgetAck(this.#key, id, number),
    );
    Object.defineProperty(this, "acks", { enumerable: false });
  }

  get server(): unknown {
    return this.#hub.server;
  }

  get key(): number {
    return this.#key;
  }

  // ---------------------------------------------------------------- what programs call

  use(middleware: Middleware<ServerSocket>): this {
    if (typeof middleware !== "function") throw new TypeError("the middleware must be a function");
    this.#middleware.push(middleware);
    this.heed();
    return this;
  }

  override emit(event: string, ...args: unknown[]): boolean {
    return this.#everyone().emit(event, ...args);
  }

  send(...args: unknown[]): this {
    this.emit("message", ...args);
    return this;
  }

  write(...args: unknown[]): this {
    return this.send(...args);
  }

  to(room: string | readonly string[]): BroadcastOperator {
    return this.#everyone().to(room);
  }

  in(room: string | readonly string[]): BroadcastOperator {
    return this.#everyone().in(room);
  }

  except(room: string | readonly string[]): BroadcastOperator {
    return this.#everyone().except(room);
  }

  compress(compress: boolean): BroadcastOperator {
    return this.#everyone().compress(compress);
  }

  get volatile(): BroadcastOperator {
    return this.#everyone().volatile;
  }

  get local(): BroadcastOperator {
    return this.#everyone().local;
  }

  timeout(timeout: number): BroadcastOperator {
    return this.#everyone().timeout(timeout);
  }

  emitWithAck(event: string, ...args: unknown[]): Promise<unknown> {
    return this.#everyone().emitWithAck(event, ...args);
  }

  allSockets(): Promise<Set<string>> {
    return this.#everyone().allSockets();
  }

  fetchSockets(): Promise<ServerSocket[]> {
    return this.#everyone().fetchSockets();
  }

  socketsJoin(room: string | readonly string[]): void {
    this.#everyone().socketsJoin(room);
  }

  socketsLeave(room: string | readonly string[]): void {
    this.#everyone().socketsLeave(room);
  }

  disconnectSockets(close = false): void {
    this.#everyone().disconnectSockets(close);
  }

  serverSideEmit(event: string, ..._args: unknown[]): boolean {
    if (event === "new_namespace" || CONNECTION.includes(event)) {
      throw new Error(`"${event}" is a reserved event name`);
    }
    this.#hub.log.warn({
      message: "serverSideEmit: there is one server, and nobody to send to",
      atFunction: "serverSideEmit",
      data: { event },
    });
    return true;
  }

  serverSideEmitWithAck(event: string, ...args: unknown[]): Promise<unknown[]> {
    this.serverSideEmit(event, ...args);
    // Nobody else is there to answer.
    return Promise.resolve([]);
  }

  #everyone(): BroadcastOperator {
    return new BroadcastOperator(() => [this]);
  }

  // ---------------------------------------------------------------- what operators call

  broadcast(selector: string, args: unknown[], flags: Flags, ack: Acknowledge | undefined): void {
    const { json, attachments } = packArgs(args);
    this.#tellOutgoing(selector, args);
    const bits = this.#hub.flagBits(flags, ack !== undefined);
    const [count, number] = this.#hub.engine.ioBroadcast(this.#key, selector, json, attachments, bits);
    if (ack) this.acks.ofMany(count as number, number as number, flags.timeout, ack);
  }

  select(selector: string): string[] {
    return this.#hub.engine.ioSelect(this.#key, selector);
  }

  /** Rooms of a socket. */
  roomsOf(id: string): string[] {
    return namesFromEngine(this.#hub.engine.ioRoomsOf(this.#key, id));
  }

  fetch(selector: string): ServerSocket[] {
    return this.select(selector)
      .map((id) => this.find(id))
      .filter((socket) => socket !== undefined);
  }

  join(selector: string, rooms: string[]): void {
    const shown = this.#showingRooms(selector);
    this.#hub.engine.ioJoin(this.#key, selector, rooms.map(toEngine));
    for (const socket of shown) socket.joined(rooms);
    this.tellRooms();
  }

  leave(selector: string, rooms: string[]): void {
    const shown = this.#showingRooms(selector);
    this.#hub.engine.ioLeave(this.#key, selector, rooms.map(toEngine));
    for (const socket of shown) socket.left(rooms);
    this.tellRooms();
  }

  /** A socket shows its rooms as a set: what moves it, moves that. */
  showRooms(): void {
    this.#showsRooms = true;
  }

  /** Those who are meant and have objects. Asked before they move: by what they are in, they may be chosen. */
  #showingRooms(selector: string): ServerSocket[] {
    return this.#showsRooms ? this.#held(selector) : [];
  }

  /** Those who are meant and have objects. */
  #held(selector: string): ServerSocket[] {
    if (this.#made.size === 0) return [];
    return this.select(selector)
      .map((id) => this.#made.get(id))
      .filter((socket) => socket !== undefined);
  }

  disconnectAll(selector: string, close: boolean): void {
    const { engine } = this.#hub;
    if (this.#hub.isDialogues(this)) {
      const ended = this.select(selector);
      engine.ioDisconnectAll(this.#key, selector, close);
      this.tellEnds(ended);
      return;
    }
    // One by one, so that each end is told while those behind it are still there.
    for (const socket of this.#held(selector)) socket.disconnect(close);
    engine.ioDisconnectAll(this.#key, selector, close);
    this.tellRooms();
    if (close) this.#hub.drain();
  }

  /** Clients of Dialogue's were ended: the engine tells, now or behind what it is telling. Until then they are gone already. */
  tellEnds(ids: string[]): void {
    this.#hub.drain();
    this.#hub.engine.ioWithdraw(this.#key, ids);
  }

  // ---------------------------------------------------------------- what the hub calls

  /** Whether a client has to pass something that only JavaScript knows. */
  get guards(): boolean {
    return this.#isNew || this.#middleware.length > 0;
  }

  /** Whether somebody wants to know who connects. */
  get listens(): boolean {
    return CONNECTION.some((event) => this.listenerCount(event) > 0);
  }

  /** Whether nobody is in it, nor about to be. */
  get isEmpty(): boolean {
    return this.#pending === 0 && this.#hub.engine.ioCount(this.#key) === 0;
  }

  /** An engine took the place of the one before; `isNew`: clients could come before the program added what guards it. */
  attach(key: number, isNew: boolean): void {
    this.#key = key;
    this.acks.renew();
    if (this.adapter.isWatching) this.#hub.engine.ioWatchRooms(key, true);
    this.#isNew = isNew;
    this.#configure();
    if (!isNew) return;
    setImmediate(() => {
      this.#isNew = false;
      this.#configure();
    });
  }

  protected override heed(): void {
    this.#configure();
  }

  #configure(): void {
    this.#hub.configure(this);
  }

  /** Whatever it is given, by a parent that passes on what it has. */
  inherit(middleware: readonly Middleware<ServerSocket>[], listeners: [event: string, Listener][]): void {
    this.#middleware.push(...middleware);
    for (const [event, listener] of listeners) this.on(event, listener);
    this.heed();
  }

  get middleware(): readonly Middleware<ServerSocket>[] {
    return this.#middleware;
  }

  /** Runs the middleware. `done` is not called where one never goes on. */
  judge(socket: ServerSocket, done: (outcome: Outcome) => void): void {
    runMiddleware([...this.#middleware], socket, `${title(this.name)}.use`, this.#dispatcher, done);
  }

  /** Somebody is about to be let in, or not any more. */
  expect(change: 1 | -1): void {
    this.#pending += change;
  }

  /** Whether a socket counts: of Dialogue's clients there may be an object before, for the hooks. Of all others there is none. */
  #shows(id: unknown): boolean {
    if (typeof id !== "string") return false;
    return !this.#hub.isDialogues(this) || this.#hub.engine.ioIsShown(this.#key, id);
  }

  /** A socket counts from now on: the program is about to be told of it. */
  arrived(id: string): void {
    this.#hub.engine.ioShow(this.#key, id);
    this.tellRooms();
  }

  /** Tells those who listen what became of rooms. */
  tellRooms(): void {
    if (this.adapter.isWatching)
      this.adapter.changed(JSON.parse(this.#hub.engine.ioTakeChanges(this.#key)) as RoomChange[]);
  }

  /** The socket of that id, where it is there. */
  find(id: string): ServerSocket | undefined {
    return this.#made.get(id) ?? this.#hub.look(this, id);
  }

  /** The socket's object, if there is one. */
  made(id: string): ServerSocket | undefined {
    return this.#made.get(id);
  }

  /** The object of a socket that is connected: the one that there is, or a new one. */
  adopt(info: SocketInfo): ServerSocket {
    const known = this.#made.get(info.id);
    if (known) return known;
    const socket = new ServerSocket(info, this, this.#hub, this.#dispatcher);
    this.admit(socket);
    return socket;
  }

  /** A socket that is not let in yet. Nobody finds it before. */
  candidate(info: SocketInfo): ServerSocket {
    return new ServerSocket(info, this, this.#hub, this.#dispatcher);
  }

  /** A socket is let in. */
  admit(socket: ServerSocket): void {
    this.reserve(socket);
    socket.begin();
  }

  /** A socket is about to be let in: whoever is told of it finds this object. */
  reserve(socket: ServerSocket): void {
    this.#made.set(socket.id, socket);
  }

  /** It could not be let in after all. */
  dismiss(socket: ServerSocket): void {
    this.#made.delete(socket.id);
    this.#outgoing.delete(socket);
  }

  /** Tells the listeners that a socket is connected. */
  welcome(socket: ServerSocket): void {
    for (const event of CONNECTION) this.tell(event, socket);
    socket.heedAll();
  }

  /** A socket is over. */
  ended(id: string, reason: string): void {
    const socket = this.#made.get(id);
    if (socket) {
      socket.end(reason);
      return;
    }
    this.#hub.engine.ioForget(this.#key, id, false);
    this.tellRooms();
  }

  /** A socket's end was told to those who listen for `disconnecting`: for those who listen for `disconnect` it is gone. */
  forget(socket: ServerSocket): void {
    this.#made.delete(socket.id);
    this.#outgoing.delete(socket);
    this.#hub.engine.ioForget(this.#key, socket.id, true);
    this.tellRooms();
    this.#hub.emptied(this);
  }

  /** The sockets that have objects. */
  get known(): ServerSocket[] {
    return [...this.#made.values()];
  }

  /** Tells its own listeners, which `emit` does not. */
  announce(event: string, ...args: unknown[]): void {
    this.tell(event, ...args);
  }

  /** A socket wants to know what is sent to it, or no longer. */
  watchOutgoing(socket: ServerSocket, watches: boolean): void {
    if (watches) this.#outgoing.add(socket);
    else this.#outgoing.delete(socket);
  }

  #tellOutgoing(selector: string, args: unknown[]): void {
    if (this.#outgoing.size === 0) return;
    const meant = new Set(this.select(selector));
    for (const socket of this.#outgoing) if (meant.has(socket.id)) socket.tellOutgoing(args);
  }
}

notReplaced(
  Namespace.prototype,
  "namespace",
  ["run", "_add", "_doConnect", "_createSocket", "_remove", "_onServerSideEmit", "_initAdapter"],
  "namespace.use and its event connection",
);
