/** Names of the events on the wire. */
export const WIRE = Object.freeze({
  // client to server
  join: "dialogue:join",
  leave: "dialogue:leave",
  subscribe: "dialogue:subscribe",
  subscribeAll: "dialogue:subscribeAll",
  unsubscribe: "dialogue:unsubscribe",
  trigger: "dialogue:trigger",
  getHistory: "dialogue:getHistory",
  listRooms: "dialogue:listRooms",
  createRoom: "dialogue:createRoom",
  deleteRoom: "dialogue:deleteRoom",
  refresh: "dialogue:refresh",
  // server to client
  connected: "dialogue:connected",
  joined: "dialogue:joined",
  left: "dialogue:left",
  event: "dialogue:event",
  history: "dialogue:history",
  historyResponse: "dialogue:historyResponse",
  rooms: "dialogue:rooms",
  roomCreated: "dialogue:roomCreated",
  roomUpdated: "dialogue:roomUpdated",
  roomDeleted: "dialogue:roomDeleted",
  refreshed: "dialogue:refreshed",
  error: "dialogue:error",
});

/** `from` of what the server itself triggers. */
export const SYSTEM = "system";

/** Stands for every event, in a room's `events`, in subscriptions and in `room.on`. */
export const ANY_EVENT = "*";
