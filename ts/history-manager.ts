import type { EventMessage, HistoryManager, HistoryManagerConfig } from "../index.js";
import { invalidConfig } from "./errors.js";
import { fields, method } from "./fields.js";
import { onRejection } from "./thenable.js";

/** The newest events of one kind; appending and evicting cost the same at any limit. */
class Ring {
  #events: (EventMessage | undefined)[] = [];
  #first = 0;

  get length(): number {
    return this.#events.length - this.#first;
  }

  push(event: EventMessage): void {
    this.#events.push(event);
  }

  /** Takes out the oldest until `limit` are left. */
  evict(limit: number): EventMessage[] {
    const evicted: EventMessage[] = [];
    while (this.length > limit) {
      evicted.push(this.#events[this.#first] as EventMessage);
      this.#events[this.#first++] = undefined;
    }
    // Once half of the array is empty it is moved down: amortised, that is one move per event.
    if (this.#first * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#first);
      this.#first = 0;
    }
    return evicted;
  }

  newestFirst(start: number, end: number): EventMessage[] {
    const newest = this.#events.length;
    const from = Math.max(this.#first, newest - end);
    const to = Math.max(this.#first, newest - start);
    return (this.#events.slice(from, to) as EventMessage[]).reverse();
  }
}

/** A history that needs no server; see `index.d.ts`. */
export function createHistoryManager(config: HistoryManagerConfig = {}): HistoryManager {
  fields(config, "config");
  for (const name of ["onCleanup", "onLoad"] as const) if (config[name]) method(config[name], name);
  const maxEvents = positive(config.maxEventsPerType ?? 100, "maxEventsPerType");
  const maxRooms = positive(config.maxRooms ?? 1000, "maxRooms");
  // Rooms stand in the order of their last event, so that the first is the one to give way.
  const rooms = new Map<string, Map<string, Ring>>();

  const cleanUp = (roomId: string, eventName: string, events: EventMessage[]): void => {
    if (events.length === 0) return;
    try {
      const result: unknown = config.onCleanup?.(roomId, eventName, events);
      onRejection(result, () => {});
    } catch {
      // The caller of `push` is not the one to handle a failure of `onCleanup`.
    }
  };

  const clearRoom = (roomId: string): void => {
    const kinds = rooms.get(roomId);
    rooms.delete(roomId);
    for (const [eventName, ring] of kinds ?? []) cleanUp(roomId, eventName, ring.evict(0));
  };

  const touch = (roomId: string): Map<string, Ring> => {
    const kinds = rooms.get(roomId) ?? new Map<string, Ring>();
    rooms.delete(roomId);
    rooms.set(roomId, kinds);
    return kinds;
  };

  return {
    push(roomId, eventName, event, limit) {
      const kinds = touch(roomId);
      const ring = kinds.get(eventName) ?? new Ring();
      kinds.set(eventName, ring);
      ring.push(event);
      cleanUp(roomId, eventName, ring.evict(Math.min(count(limit), maxEvents)));
      for (const oldest of rooms.keys()) {
        if (rooms.size <= maxRooms) break;
        clearRoom(oldest);
      }
    },
    get: (roomId, eventName, start, end) =>
      rooms.get(roomId)?.get(eventName)?.newestFirst(count(start), count(end)) ?? [],
    getAll(roomId, limit = Number.POSITIVE_INFINITY) {
      const events = [...(rooms.get(roomId)?.values() ?? [])].flatMap((ring) =>
        ring.newestFirst(0, Number.POSITIVE_INFINITY),
      );
      events.sort((a, b) => b.timestamp - a.timestamp || (b.offset ?? 0) - (a.offset ?? 0));
      return events.slice(0, count(limit));
    },
    count: (roomId, eventName) => rooms.get(roomId)?.get(eventName)?.length ?? 0,
    clearRoom,
    getEventNames: (roomId) => [...(rooms.get(roomId)?.keys() ?? [])],
  };
}

/** An integer of 0 or more, whatever was given. */
const count = (value: number): number => (value > 0 ? Math.floor(value) : 0);

function positive(value: number, path: string): number {
  if (!Number.isSafeInteger(value) || value < 1) throw invalidConfig(path, "must be a positive integer");
  return value;
}
