/** What types follow from what a program writes with `dialogue-rs/client`. `@ts-expect-error` marks what must not compile. */
import type * as server from "dialogue-rs";
import {
  type ClientAuth,
  type ClientConfig,
  type ConnectionResult,
  type ConnectionState,
  type CreateRoomOptions,
  createDialogueClient,
  createRoomContext,
  type DialogueClientInstance,
  DialogueError,
  defineEvent,
  Err,
  type EventDefinition,
  type EventHandler,
  type EventMessage,
  type JoinResult,
  Ok,
  type Result,
  type RoomContext,
  type RoomInfo,
  type WildcardHandler,
} from "dialogue-rs/client";
import { io, type Socket } from "socket.io-client";
import * as v from "valibot";
import { z } from "zod";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_ extends true>(): void => {};

// ------------------------------------------------------------ one set of types for server and client
holds<Same<EventMessage, server.EventMessage>>();
holds<Same<DialogueError, server.DialogueError>>();
holds<Same<typeof defineEvent, typeof server.defineEvent>>();
export const results: Result<number, string>[] = [Ok(1), Err("no")];

// ------------------------------------------------------------ payloads are inferred
const Message = defineEvent("message", {
  schema: z.object({ text: z.string(), at: z.coerce.date(), tags: z.array(z.string()).default([]) }),
});
const Picked = defineEvent("picked", { schema: v.object({ n: v.number() }) });
const Named = defineEvent<{ x: number }>("named");
const Documented: EventDefinition<{ text: string }> = { name: "documented" };

export async function use(room: RoomContext): Promise<void> {
  room.on(Message, ({ data, from, offset }) => {
    holds<Same<typeof data, { text: string; at: Date; tags: string[] }>>();
    holds<Same<typeof from, string>>();
    holds<Same<typeof offset, number | undefined>>();
  });
  room.on(Picked, ({ data }) => void data.n.toFixed());
  room.on(Documented, ({ data }) => void data.text.trim());
  room.on("message", ({ data }) => holds<Same<typeof data, unknown>>());
  room.on<{ text: string }>("message", ({ data }) => void data.text.trim());
  const typed: EventHandler<{ x: number }> = (message) => void message.data.x.toFixed();
  const off: () => void = room.on(Named, typed);
  off();
  const any: WildcardHandler = (_name, { data }) => holds<Same<typeof data, unknown>>();
  room.onAny(any);

  // The schema's input: what has a default may be absent, what is coerced may be anything.
  const said = await room.trigger(Message, { text: "hi", at: "1970-01-01" }, { tone: "warm" });
  if (said.isErr) holds<Same<typeof said.error, DialogueError>>();
  else holds<Same<typeof said.value, void>>();
  void room.trigger(Named, { x: 1 });
  void room.trigger("anything", { any: "thing" });
  // @ts-expect-error: the schema wants a string
  void room.trigger(Message, { text: 1, at: 0 });
  // @ts-expect-error: x is missing
  void room.trigger(Named, {});
  // @ts-expect-error: a handler of another payload
  room.on(Named, (message: EventMessage<{ y: string }>) => message);
  // @ts-expect-error: meta is an object
  void room.trigger("anything", 1, "meta");
  // @ts-expect-error: it is the server's
  room.roomName = "Mine";

  const page: EventMessage<{ x: number }>[] = await room.getHistory(Named, 0, 10);
  const loose: EventMessage[] = await room.getHistory("named");
  for (const { data } of [...page, ...loose]) holds<Same<typeof data, unknown>>();
  room.subscribe("named");
  room.subscribeAll();
  room.unsubscribe("named");
  room.onClosed(({ code, roomId, retryable }) => {
    holds<Same<typeof code, server.DialogueErrorCode>>();
    holds<Same<typeof roomId, string | undefined>>();
    holds<Same<typeof retryable, boolean>>();
  });
  room.leave();
}

// ------------------------------------------------------------ the client
const configs: ClientConfig[] = [
  { url: "wss://example.com" },
  { url: "/", auth: { userId: "ada", colour: "red" }, autoConnect: false },
  { url: "/", auth: () => ({ token: "…" }), reconnection: true, reconnectionAttempts: 5 },
  { url: "/", auth: async (): Promise<ClientAuth> => ({ token: "…" }), timeout: 5_000 },
];
declare const token: string | undefined;
createDialogueClient({ url: "/", auth: { token, userId: undefined }, timeout: undefined });
// @ts-expect-error: there is no client without a url
createDialogueClient({});
// @ts-expect-error: a token is a text
createDialogueClient({ url: "/", auth: { token: 1 } });
// @ts-expect-error: no such option
createDialogueClient({ url: "/", retries: 3 });

export async function program(): Promise<void> {
  const client: DialogueClientInstance = createDialogueClient(configs[0]!);
  const state: ConnectionState = client.state;
  holds<Same<typeof state, "disconnected" | "connecting" | "connected">>();
  // @ts-expect-error: it is what it is
  client.state = "connected";
  const offs: (() => void)[] = [
    client.onConnect(() => {}),
    client.onDisconnect((reason) => void reason.trim()),
    client.onError((error) => holds<Same<typeof error, DialogueError>>()),
    client.onHistory((roomId, events) => void [roomId.trim(), events[0]?.from]),
    client.onRoomCreated((room) => void room.size.toFixed()),
    client.onRoomDeleted((roomId) => void roomId.trim()),
  ];
  for (const off of offs) off();
  await client.connect();
  await use(await client.join("chat"));
  const room: RoomContext | undefined = client.getRoom("chat");
  void room?.trigger(Message, { text: "hi", at: new Date() });
  const rooms: RoomInfo[] = await client.listRooms();
  const options: CreateRoomOptions = { id: "mine", name: "Mine", maxSize: rooms.length };
  const made: RoomInfo = await client.createRoom(options);
  await client.deleteRoom(made.id).catch((error) => error instanceof DialogueError);
  client.disconnect();
}

const socket: Socket = io("http://localhost:3000");
export const context: RoomContext = createRoomContext(socket, "chat", "Chat", () => {});
export const said: [ConnectionResult, JoinResult] = [
  { clientId: "1", userId: "ada" },
  { roomId: "chat", roomName: "Chat" },
];
