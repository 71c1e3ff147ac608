import { EventEmitter } from "node:events";

/** `namespace.adapter`: who is in which room. Maps as they are at the moment; what is written into them changes nothing. */
export class Adapter extends EventEmitter {
  readonly nsp: unknown;
  readonly #read: () => string;

  /** @param read The rooms as the engine tells them. */
  constructor(nsp: unknown, read: () => string) {
    super();
    this.nsp = nsp;
    this.#read = read;
    Object.defineProperty(this, "nsp", { enumerable: false });
  }

  get rooms(): Map<string, Set<string>> {
    const rooms = JSON.parse(this.#read()) as [string, string[]][];
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
}
