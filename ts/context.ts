import type { ConnectedClient, DialogueContext, Room, Server } from "../index.js";
import type { Clients } from "./clients.js";
import type { NativeDialogue } from "./native.js";
import type { Rooms } from "./rooms.js";

/** What hooks get as `context`: views that look when they are looked into, so that having them costs nothing. */
export function createContext(
  io: Server,
  engine: NativeDialogue,
  clients: Clients,
  rooms: Rooms,
): DialogueContext {
  return {
    io,
    clients: view<ConnectedClient>(
      (id) => clients.find(id),
      () => engine.clientIds(),
    ),
    rooms: view<Room>(
      (id) => rooms.find(id),
      () => rooms.all().map((room) => room.id),
    ),
  };
}

/** A record that is made up as it is read: of what there is, by id. It cannot be written. */
function view<T>(find: (id: string) => T | undefined, ids: () => string[]): Record<string, T> {
  const get = (id: string | symbol): T | undefined => (typeof id === "string" ? find(id) : undefined);
  return new Proxy(Object.create(null) as Record<string, T>, {
    get: (_, id) => get(id),
    has: (_, id) => get(id) !== undefined,
    ownKeys: ids,
    getOwnPropertyDescriptor(_, id) {
      const value = get(id);
      // A proxy may only claim what its target has, unless it calls it configurable.
      return value === undefined
        ? undefined
        : { value, enumerable: true, configurable: true, writable: false };
    },
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
  });
}
