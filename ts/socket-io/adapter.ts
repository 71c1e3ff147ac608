import type { Dispatcher } from "../dispatcher.js";
import type { RoomChange } from "../native.js";
import { GuardedEmitter } from "./emitter.js";

const ROOM_EVENTS = ["create-room", "join-room", "leave-room", "delete-room"];

/** What an adapter asks of its namespace. */
export interface AdapterSupport {
  /** The rooms as the engine tells them. */
  readonly read: () => string;
  /** Whether the engine is to tell what becomes of rooms. */
  readonly watch: (watched: boolean) => void;
}

/** `namespace.adapter`: who is in which room. Maps as they are at the moment; what is written into them changes nothing. */
export class Adapter extends GuardedEmitter {
  readonly nsp: unknown;
  readonly #support: AdapterSupport;
  #isWatching = false;

  constructor(nsp: unknown, title: string, support: AdapterSupport, dispatcher: Dispatcher) {
    super(dispatcher, `${title}.adapter`);
    this.nsp = nsp;
    this.#support = support;
    Object.defineProperty(this, "nsp", { enumerable: false });
  }

  get rooms(): Map<string, Set<string>> {
    const rooms = JSON.parse(this.#support.read()) as [string, string[]][];
    return new Map(rooms.map(([room, ids]) => [room, new Set(ids)]));
  }

  get sids(): Map<string, Set<string>> {
    const sids = new Map<string, Set<string>>();
    for (const [room, ids] of this.rooms) {
      for (const id of ids) {
        const rooms = sids.get(id);
        if (rooms) rooms.add(room);
        else sids.set(id, new Set([room]));
      }
    }
    return sids;
  }

  /** Whether somebody listens for what becomes of rooms. */
  get isWatching(): boolean {
    return this.#isWatching;
  }

  /** Tells of rooms. */
  changed(changes: readonly RoomChange[]): void {
    for (const [event, room, socket] of changes) {
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
