import type { Dispatcher } from "../dispatcher.js";
import { fromEngine } from "../names.js";
import type { RoomChange } from "../native.js";
import { GuardedEmitter } from "./emitter.js";
import { notReplaced } from "./not-replaced.js";
import { type RoomSource, roomsOf, sidsOf } from "./room-views.js";

const ROOM_EVENTS = ["create-room", "join-room", "leave-room", "delete-room"];

/** What an adapter asks of its namespace. */
export interface AdapterSupport extends RoomSource {
  /** Whether the engine is to tell what becomes of rooms. */
  readonly watch: (watched: boolean) => void;
}

/** `namespace.adapter`: who is in which room. Its maps ask the engine when they are looked into, and cannot be written into. */
export class Adapter extends GuardedEmitter {
  readonly nsp: unknown;
  readonly rooms: Map<string, Set<string>>;
  readonly sids: Map<string, Set<string>>;
  readonly #support: AdapterSupport;
  #isWatching = false;

  constructor(nsp: unknown, title: string, support: AdapterSupport, dispatcher: Dispatcher) {
    super(dispatcher, `${title}.adapter`);
    this.nsp = nsp;
    this.rooms = roomsOf(support);
    this.sids = sidsOf(support);
    this.#support = support;
    Object.defineProperty(this, "nsp", { enumerable: false });
  }

  /** Whether somebody listens for what becomes of rooms. */
  get isWatching(): boolean {
    return this.#isWatching;
  }

  /** Ids of the sockets in any of these rooms; without any, of all. */
  async sockets(rooms: ReadonlySet<string> = new Set()): Promise<Set<string>> {
    if (rooms.size === 0) return new Set(this.#support.ids());
    return new Set([...rooms].flatMap((room) => this.#support.idsIn(String(room))));
  }

  /** The rooms of a socket. */
  socketRooms(id: string): Set<string> | undefined {
    return this.sids.get(id);
  }

  /** Servers that this namespace is on: this one. */
  async serverCount(): Promise<number> {
    return 1;
  }

  /** Tells of rooms. */
  changed(changes: readonly RoomChange[]): void {
    for (const [event, name, socket] of changes) {
      const room = fromEngine(name);
      if (socket === null) this.tell(event, room);
      else this.tell(event, room, socket);
    }
  }

  protected override heed(): void {
    const watches = ROOM_EVENTS.some((event) => this.listenerCount(event) > 0);
    if (watches === this.#isWatching) return;
    this.#isWatching = watches;
    this.#support.watch(watches);
  }
}

notReplaced(
  Adapter.prototype,
  "adapter",
  [
    ...["broadcast", "broadcastWithAck", "addAll", "del", "delAll", "sockets", "socketRooms", "fetchSockets"],
    ...["addSockets", "delSockets", "disconnectSockets", "serverSideEmit", "serverCount", "init", "close"],
    ...["persistSession", "restoreSession", "customHook"],
  ],
  "the methods of io and of its sockets, and the adapter's events",
);
