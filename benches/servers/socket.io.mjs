// The peer: a plain socket.io server that implements the same wire protocol for the same room, as one would write it by hand:
// members are sockets in a Socket.IO room per room and event, and a trigger is one `io.to(room).emit`. Beside it the Hono app, as `@hono/node-server` serves it.
// With --hooks: beforeEach and afterEach. With --blocked: the thread is blocked for 50 of every 100 ms.
import { createAdaptorServer } from "@hono/node-server";
import { Server } from "socket.io";
import { onTold, say } from "../program.mjs";
import { collect } from "./collect.mjs";
import { createApp } from "./health.mjs";
import { block, hooks } from "./hooks.mjs";

const hooked = process.argv.includes("--hooks");

const rooms = new Map([
  [
    "bench",
    { name: "Bench", events: ["message"], defaultSubscriptions: ["message"], epoch: "bench", offset: 0 },
  ],
]);
const http = createAdaptorServer({ fetch: createApp().fetch });
const io = new Server(http, { perMessageDeflate: false, serveClient: false, cors: { origin: "*" } });
const topic = (roomId, event) => `${roomId}/${event}`;

io.on("connection", (socket) => {
  const userId =
    typeof socket.handshake.auth.userId === "string" && socket.handshake.auth.userId
      ? socket.handshake.auth.userId
      : socket.id;
  const members = new Set();
  socket.emit("dialogue:connected", { clientId: socket.id, userId, protocol: 1 });

  /** Registers a command: its answer goes to the acknowledgement, or as `event`, if there is one. */
  const command = (name, run, event) =>
    socket.on(name, (payload, acknowledge) => {
      const fail = (code, message) => {
        if (typeof acknowledge === "function") acknowledge({ ok: false, code, message });
        else socket.emit("dialogue:error", { code, message, roomId: payload?.roomId });
      };
      if (typeof payload?.roomId !== "string") return fail("INVALID_REQUEST", "roomId: must be a string");
      const room = rooms.get(payload.roomId);
      if (!room) return fail("ROOM_NOT_FOUND", `Room '${payload.roomId}' does not exist`);
      if (name !== "dialogue:join" && !members.has(payload.roomId))
        return fail("NOT_IN_ROOM", `Not in room '${payload.roomId}'`);
      const answer = run(room, payload, fail);
      if (answer === undefined) return;
      if (typeof acknowledge === "function") acknowledge({ ok: true, ...answer });
      else if (event) socket.emit(event, answer);
    });

  command(
    "dialogue:join",
    (room, { roomId }) => {
      members.add(roomId);
      for (const event of room.defaultSubscriptions) socket.join(topic(roomId, event));
      return { roomId, roomName: room.name, epoch: room.epoch, offset: room.offset };
    },
    "dialogue:joined",
  );

  command(
    "dialogue:leave",
    (room, { roomId }) => {
      members.delete(roomId);
      for (const event of room.events) socket.leave(topic(roomId, event));
      return { roomId };
    },
    "dialogue:left",
  );

  command("dialogue:subscribe", (_room, { roomId, eventName }) => {
    socket.join(topic(roomId, eventName));
    return {};
  });

  command("dialogue:unsubscribe", (_room, { roomId, eventName }) => {
    socket.leave(topic(roomId, eventName));
    return {};
  });

  command("dialogue:trigger", (room, { roomId, event, data, meta }, fail) => {
    if (!room.events.includes(event))
      return fail("EVENT_NOT_ALLOWED", `Event '${event}' is not allowed in room '${roomId}'`);
    let message = {
      event,
      roomId,
      data,
      from: userId,
      timestamp: Date.now(),
      offset: ++room.offset,
      ...(meta && { meta }),
    };
    if (hooked) {
      const decided = hooks.beforeEach({ context: {}, roomId, message, from: userId });
      if (!decided.isOk) return fail("EVENT_BLOCKED", decided.error);
      message = { ...message, data: decided.value.data, meta: decided.value.meta };
    }
    io.to(topic(roomId, event)).emit("dialogue:event", message);
    if (hooked) {
      const recipientCount = io.sockets.adapter.rooms.get(topic(roomId, event))?.size ?? 0;
      hooks.afterEach({ context: {}, roomId, message, recipientCount });
    }
    return {};
  });
});

if (process.argv.includes("--blocked")) block();
http.listen(0, "127.0.0.1", () => say({ port: http.address().port }));
onTold(async () => {
  await collect();
  say({ collected: true });
});
