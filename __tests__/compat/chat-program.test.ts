import {
  type ConnectedClient,
  createDialogue,
  type Dialogue,
  defineEvent,
  type EventMessage,
  type Room,
} from "dialogue-rs";
import { Hono } from "hono";
import { io, type Socket } from "socket.io-client";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { eventually, within } from "../support/deadline.js";

// A program as the documentation of dialogue-ts shows one: events with Zod schemas, a record of rooms, hooks, a Hono app, and
// clients that speak events without acknowledgements. Only the import differs.

const Message = defineEvent("message", {
  schema: z.object({ text: z.string().min(1).max(500), replyTo: z.string().optional() }),
  description: "Chat message",
  history: { enabled: true, limit: 50 },
});
const Typing = defineEvent("typing", { schema: z.object({ isTyping: z.boolean() }) });

describe("a program written for dialogue-ts", () => {
  let dialogue: Dialogue | undefined;
  let sockets: Socket[] = [];

  afterEach(async () => {
    for (const socket of sockets) socket.disconnect();
    sockets = [];
    await dialogue?.stop();
  });

  function chat() {
    const calls: string[] = [];
    const stored: EventMessage[] = [];
    const app = new Hono();
    app.get("/health", (c) => c.json({ status: "ok" }));
    const created = createDialogue({
      port: 0,
      host: "127.0.0.1",
      app,
      cors: { origin: "*" },
      rooms: {
        general: {
          name: "General",
          description: "Everyone",
          maxSize: 2,
          events: [Message, Typing],
          defaultSubscriptions: ["message"],
          syncHistoryOnJoin: true,
        },
        alerts: { name: "Alerts", events: [], defaultSubscriptions: ["*"] },
        sandbox: { name: "Sandbox", events: [{ name: "*" }] },
      },
      hooks: {
        clients: {
          onConnected: (client: ConnectedClient) => void calls.push(`connected ${client.userId}`),
          onJoined: (client: ConnectedClient, roomId: string) =>
            void calls.push(`joined ${client.userId} ${roomId}`),
          onLeft: (client: ConnectedClient, roomId: string) =>
            void calls.push(`left ${client.userId} ${roomId}`),
          onDisconnected: (client: ConnectedClient) => void calls.push(`disconnected ${client.userId}`),
        },
        rooms: {
          onCreated: (room: Room) => void calls.push(`created ${room.id}`),
          onDeleted: (roomId: string) => void calls.push(`deleted ${roomId}`),
        },
        events: {
          onTriggered: (roomId: string, event: EventMessage) =>
            void calls.push(`triggered ${roomId} ${event.event}`),
          onCleanup: async (_roomId, _eventName, events) => void stored.push(...events),
        },
      },
    });
    dialogue = created;
    return { dialogue: created, calls, stored };
  }

  async function connect(userId: string): Promise<Socket> {
    const socket = io(`http://127.0.0.1:${dialogue!.port}`, {
      auth: { userId, token: "opaque", team: "red" },
      forceNew: true,
    });
    sockets.push(socket);
    await next(socket, "dialogue:connected");
    return socket;
  }

  function next<T = any>(socket: Socket, event: string): Promise<T> {
    return within(new Promise<T>((resolve) => socket.once(event, resolve)), event);
  }

  it("chats: join, message, typing, history, leave, by events alone", async () => {
    const { dialogue, calls } = chat();
    await dialogue.start();
    const seen: string[] = [];
    dialogue.on("general", Message, (message) => void seen.push(`${message.from}: ${message.data.text}`));

    const ada = await connect("ada");
    ada.emit("dialogue:join", { roomId: "general" });
    expect(await next(ada, "dialogue:joined")).toMatchObject({ roomId: "general", roomName: "General" });
    ada.emit("dialogue:trigger", { roomId: "general", event: "message", data: { text: "hello" } });
    expect(await next(ada, "dialogue:event")).toMatchObject({
      event: "message",
      roomId: "general",
      from: "ada",
      data: { text: "hello" },
    });

    const bob = await connect("bob");
    bob.emit("dialogue:join", { roomId: "general" });
    const { events } = await next<{ events: EventMessage[] }>(bob, "dialogue:history");
    expect(events.map((event) => event.data)).toEqual([{ text: "hello" }]);
    bob.emit("dialogue:subscribe", { roomId: "general", eventName: "typing" });
    bob.emit("dialogue:trigger", { roomId: "general", event: "typing", data: { isTyping: true } });
    expect(await next(bob, "dialogue:event")).toMatchObject({ event: "typing", data: { isTyping: true } });

    bob.emit("dialogue:getHistory", { roomId: "general", eventName: "message", start: 0, end: 10 });
    expect((await next(bob, "dialogue:historyResponse")).events.length).toBe(1);
    bob.emit("dialogue:listRooms");
    expect(
      (await next(bob, "dialogue:rooms")).map((room: { id: string; size: number }) => [room.id, room.size]),
    ).toEqual([
      ["general", 2],
      ["alerts", 0],
      ["sandbox", 0],
    ]);

    const cyd = await connect("cyd");
    cyd.emit("dialogue:join", { roomId: "general" });
    expect(await next(cyd, "dialogue:error")).toMatchObject({
      code: "ROOM_FULL",
      message: "Room 'general' is at capacity",
    });
    cyd.emit("dialogue:trigger", { roomId: "alerts", event: "alert", data: 1 });
    expect(await next(cyd, "dialogue:error")).toMatchObject({ code: "NOT_IN_ROOM" });

    bob.emit("dialogue:leave", { roomId: "general" });
    await next(bob, "dialogue:left");
    ada.disconnect();
    await eventually(() => calls.includes("left ada general"), "ada's onLeft");
    expect(seen).toEqual(["ada: hello"]);
    expect(calls).toEqual([
      "created general",
      "created alerts",
      "created sandbox",
      "connected ada",
      "joined ada general",
      "triggered general message",
      "connected bob",
      "joined bob general",
      "triggered general typing",
      "connected cyd",
      "left bob general",
      "disconnected ada",
      "left ada general",
    ]);
  });

  it("pushes from the server, manages rooms and clients at run time, and stores what leaves memory", async () => {
    const { dialogue, stored } = chat();
    await dialogue.start();
    const ada = await connect("ada");
    const [client] = dialogue.getClients("ada");
    expect(client!.meta).toMatchObject({ team: "red" });
    client!.join("alerts");
    const alert = next(ada, "dialogue:event");
    expect(dialogue.trigger("alerts", defineEvent("alert"), { level: "high" }).isOk).toBe(true);
    expect(await alert).toMatchObject({
      event: "alert",
      roomId: "alerts",
      from: "system",
      data: { level: "high" },
    });

    const created = next(ada, "dialogue:roomCreated");
    const room = dialogue.createRoom(
      "party",
      { name: "Party", events: [Message], defaultSubscriptions: ["message"] },
      "ada",
    );
    expect(await created).toMatchObject({ id: "party", name: "Party", createdById: "ada" });
    client!.join("party");
    room!.trigger(Message, { text: "welcome" }, "host");
    expect(room!.participants()).toEqual([client!]);
    expect([...dialogue.getClientRooms("ada").ids].sort()).toEqual(["alerts", "party"]);
    ada.emit("dialogue:deleteRoom", { roomId: "party" });
    expect(await next(ada, "dialogue:roomDeleted")).toEqual({ roomId: "party" });
    await eventually(() => stored.length === 1, "the room's history in onCleanup");
    expect(stored[0]).toMatchObject({
      roomId: "party",
      event: "message",
      from: "host",
      data: { text: "welcome" },
    });

    const response = await fetch(`http://127.0.0.1:${dialogue.port}/health`);
    expect(await response.json()).toEqual({ status: "ok" });
  });
});
