const NAMES = [
  // client to server
  "join",
  "leave",
  "subscribe",
  "subscribeAll",
  "unsubscribe",
  "trigger",
  "getHistory",
  "listRooms",
  "createRoom",
  "deleteRoom",
  "refresh",
  // server to client
  "connected",
  "joined",
  "left",
  "event",
  "history",
  "historyResponse",
  "rooms",
  "roomCreated",
  "roomUpdated",
  "roomDeleted",
  "roomsChanged",
  "refreshed",
  "error",
] as const;

/** Names of the events on the wire. Made of their last words, so that a page that loads the client loads each once. */
export const WIRE = Object.freeze(Object.fromEntries(NAMES.map((name) => [name, `dialogue:${name}`]))) as {
  readonly [Name in (typeof NAMES)[number]]: `dialogue:${Name}`;
};

/** `from` of what the server itself triggers. */
export const SYSTEM = "system";

/** Stands for every event, in a room's `events`, in subscriptions and in `room.on`. */
export const ANY_EVENT = "*";
