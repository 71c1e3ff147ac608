// A server as the wire page describes one of dialogue-ts: on npm's `socket.io`, without acknowledgements, positions or `protocol`.
import { createServer } from "node:http";
import { Server } from "socket.io";

/**
 * `mute`: it answers nothing. `protocol`: it says that it acknowledges. `historyFirst`: history comes ahead of `dialogue:joined`.
 */
export async function startWirePageServer({ rooms = {}, mute = false, protocol, historyFirst = false }) {
  const http = createServer();
  const io = new Server(http, { cors: { origin: "*" } });
  let held;
  const all = new Map(
    Object.entries(rooms).map(([id, config]) => [id, { id, events: ["message"], history: [], ...config }]),
  );
  const info = ({ id, name, createdById }) => ({
    id,
    name,
    size: io.sockets.adapter.rooms.get(id)?.size ?? 0,
    ...(createdById && { createdById }),
  });

  io.on("connection", (socket) => {
    const userId = socket.handshake.auth.userId ?? socket.id;
    const connected = { clientId: socket.id, userId, ...(protocol && { protocol }) };
    socket.emit("dialogue:connected", connected);
    if (mute) return;
    const subscriptions = new Map();
    socket.data = { subscriptions };
    const refuse = (code, message, about = {}) => socket.emit("dialogue:error", { code, message, ...about });
    const member = (roomId, use) => {
      if (socket.rooms.has(roomId) && all.has(roomId)) use(all.get(roomId));
      else refuse("NOT_IN_ROOM", `Not in room '${roomId}'`, { roomId });
    };
    const on = (event, handler) =>
      socket.on(`dialogue:${event}`, (payload) => {
        if (held === undefined) handler(payload ?? {});
        else held.push(() => handler(payload ?? {}));
      });

    on("join", ({ roomId }) => {
      const room = all.get(roomId);
      if (room === undefined) return refuse("ROOM_NOT_FOUND", `Room '${roomId}' does not exist`, { roomId });
      if (room.maxSize !== undefined && info(room).size >= room.maxSize)
        return refuse("ROOM_FULL", `Room '${roomId}' is at capacity`, { roomId });
      socket.join(roomId);
      subscriptions.set(roomId, new Set(room.defaultSubscriptions ?? ["message"]));
      const events = [...room.history].reverse();
      const history = () => events.length > 0 && socket.emit("dialogue:history", { roomId, events });
      if (historyFirst) history();
      socket.emit("dialogue:joined", { roomId, roomName: room.name });
      if (!historyFirst) history();
    });
    on("leave", ({ roomId }) => {
      socket.leave(roomId);
      socket.emit("dialogue:left", { roomId });
    });
    on("subscribe", ({ roomId, eventName }) =>
      member(roomId, () => subscriptions.get(roomId).add(eventName)),
    );
    on("unsubscribe", ({ roomId, eventName }) =>
      member(roomId, () => subscriptions.get(roomId).delete(eventName)),
    );
    on("subscribeAll", ({ roomId }) => member(roomId, () => subscriptions.get(roomId).add("*")));
    on("trigger", ({ roomId, event, data, meta }) =>
      member(roomId, (room) => {
        if (!room.events.includes(event))
          return refuse("EVENT_NOT_ALLOWED", `Event '${event}' is not allowed in room '${roomId}'`, {
            roomId,
            event,
          });
        say(room, { event, roomId, data, from: userId, timestamp: Date.now(), ...(meta && { meta }) });
      }),
    );
    on("getHistory", ({ roomId, eventName, start = 0, end = 50 }) =>
      member(roomId, (room) => {
        const events = [...room.history]
          .reverse()
          .filter(({ event }) => eventName === undefined || event === eventName)
          .slice(start, end);
        socket.emit("dialogue:historyResponse", { roomId, eventName: eventName ?? null, events, start, end });
      }),
    );
    on("listRooms", () => socket.emit("dialogue:rooms", [...all.values()].map(info)));
    on("createRoom", ({ id, name }) => {
      if (all.has(id)) return refuse("ROOM_EXISTS", `Room '${id}' already exists`, { roomId: id });
      const room = { id, name, events: ["message"], history: [], createdById: userId };
      all.set(id, room);
      io.emit("dialogue:roomCreated", info(room));
    });
    on("deleteRoom", ({ roomId }) => {
      if (all.get(roomId)?.createdById !== userId)
        return refuse("PERMISSION_DENIED", "Only the creator may delete a room", { roomId });
      all.delete(roomId);
      io.emit("dialogue:roomDeleted", { roomId });
      io.socketsLeave(roomId);
    });
  });

  function say(room, message) {
    room.history.push(message);
    for (const socket of io.sockets.sockets.values()) {
      const wanted = socket.data.subscriptions?.get(room.id);
      if (socket.rooms.has(room.id) && (wanted?.has("*") || wanted?.has(message.event)))
        socket.emit("dialogue:event", message);
    }
  }

  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  const steps = {
    cut() {
      for (const socket of io.sockets.sockets.values()) socket.conn.close();
    },
    /** What is asked from now on waits for `goOn`. */
    hold() {
      held = [];
    },
    goOn() {
      const all = held;
      held = undefined;
      for (const handle of all) handle();
    },
    /** Takes a user out of a room without a word. */
    forget(userId, roomId) {
      for (const socket of io.sockets.sockets.values())
        if (socket.handshake.auth.userId === userId) socket.leave(roomId);
    },
    trigger(roomId, event, ...payloads) {
      for (const data of payloads)
        say(all.get(roomId), { event, roomId, data, from: "system", timestamp: Date.now() });
    },
  };
  return { port: http.address().port, steps, stop: () => io.close() };
}
