import {
  createDialogue,
  type Dialogue,
  type DialogueConfig,
  DialogueError,
  defineEvent,
  type EventMessage,
} from "dialogue-rs";
import { createDialogueClient, type RoomContext } from "dialogue-rs/client";
import { Server, type Socket } from "dialogue-rs/socket.io";
import { Hono } from "hono";
import { z } from "zod";

const Message = defineEvent("message", {
  schema: z.object({ text: z.string() }),
  history: { enabled: true, limit: 10 },
});

const config: DialogueConfig = {
  port: 3000,
  app: new Hono(),
  rooms: { chat: { name: "Chat", events: [Message], defaultSubscriptions: ["message"] } },
  hooks: { clients: { onConnected: (client) => client.join("chat") } },
};
const dialogue: Dialogue = createDialogue(config);

dialogue.on("chat", Message, (message: EventMessage<{ text: string }>) => {
  const text: string = message.data.text;
  dialogue.trigger("chat", Message, { text }).unwrap();
});

// @ts-expect-error: the schema wants a string
dialogue.trigger("chat", Message, { text: 1 });

export const isFull = (error: unknown): boolean =>
  error instanceof DialogueError && error.code === "ROOM_FULL";

const io = new Server<{ say: (text: string) => void }>(3000, { cors: { origin: "https://example.com" } });
io.use((socket, next) => next(socket.handshake.auth["token"] ? undefined : new Error("no token")));
io.on("connection", (socket) => socket.on("say", (text) => socket.broadcast.emit("say", text.trim())));
// @ts-expect-error: what is said is a text
io.emit("say", 1);

export const socketOf = (server: Dialogue): Socket | undefined => server.io.sockets.sockets.get("id");

const client = createDialogueClient({ url: "/", auth: async () => ({ token: "…" }) });
export const joined: Promise<RoomContext> = client.join("chat").then((room) => {
  room.on(Message, ({ data }) => data.text.trim());
  // @ts-expect-error: the schema wants a string
  void room.trigger(Message, { text: 1 });
  return room;
});
