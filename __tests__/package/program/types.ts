import {
  createDialogue,
  type Dialogue,
  type DialogueConfig,
  DialogueError,
  defineEvent,
  type EventMessage,
} from "dialogue-rs";
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
