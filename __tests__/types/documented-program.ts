/** A program that uses only what the type page documents: the fifteen names, and the members it shows. */
import {
  type AuthData,
  type ConnectedClient,
  createDialogue,
  type Dialogue,
  type DialogueConfig,
  type DialogueContext,
  defineEvent,
  detectRuntime,
  type EventDefinition,
  type EventHistoryConfig,
  type EventMessage,
  type HooksConfig,
  type JwtClaims,
  type Room,
  type RoomConfig,
  type Runtime,
  type RuntimeAdapter,
  type RuntimeStartOptions,
} from "dialogue-rs";
import { z } from "zod";

interface Chat {
  text: string;
}

const history: EventHistoryConfig = { enabled: true, limit: 50 };
const schema: z.ZodType<Chat> = z.object({ text: z.string() });
const Message: EventDefinition<Chat> = { name: "message", description: "said", schema, history };
const Anything: EventDefinition = { name: "*" };

const room: RoomConfig = { name: "Chat", events: [Message, Anything], defaultSubscriptions: ["message"] };
const hooks: HooksConfig = {
  clients: {
    onConnected: (client: ConnectedClient) => client.join("chat"),
    onJoined: async (client, roomId) => client.send("welcome", { roomId }),
  },
  events: { onTriggered: (roomId: string, event: EventMessage) => console.log(roomId, event.data) },
};
const runtime: Runtime = detectRuntime();
const config: DialogueConfig = { port: 3000, rooms: { chat: room }, hooks, runtime };
const dialogue: Dialogue = createDialogue(config);

export function show(context: DialogueContext, id: string): string[] {
  const found: Room | undefined = context.rooms[id];
  context.io.emit("hello", Object.keys(context.clients).length);
  return [...(found?.participants() ?? [])].map((client) => client.userId);
}

export function claimsOf(auth: AuthData): JwtClaims {
  const { sub, exp, iat }: { sub: string; exp: number; iat: number } = auth.jwt;
  const custom: unknown = auth.jwt["role"];
  return { sub, exp, iat, custom };
}

export const message: EventMessage<Chat> = {
  event: "message",
  roomId: "chat",
  data: { text: "hi" },
  from: "ada",
  timestamp: 0,
};

export class Adapter implements RuntimeAdapter {
  readonly runtime = "node";
  bind(): void {}
  async start({ port, app, io, corsConfig, logger }: RuntimeStartOptions): Promise<void> {
    logger.info({ message: `${port}`, atFunction: "start", data: { corsConfig } });
    io.on("connection", () => {});
    await app.fetch(new Request("http://localhost/"));
  }
  async stop(): Promise<void> {}
}

dialogue.trigger("chat", Message, { text: "hi" });
dialogue.on("chat", defineEvent("message", { schema }), (said) => {
  console.log(said.data.text.trim());
});
await dialogue.start();
await dialogue.stop();
