/** What follows from a configuration's type: ids of rooms, their events. `@ts-expect-error` marks what must not compile. */
import {
  type ConnectedClient,
  createDialogue,
  type Dialogue,
  type DialogueConfig,
  defineEvent,
  Err,
  type EventDefinition,
  type EventMessage,
  is,
  Ok,
  type Room,
  type RoomConfig,
} from "dialogue-rs";
import { createDialogueClient, type DialogueClientInstance, type RoomContext } from "dialogue-rs/client";
import * as v from "valibot";
import { z } from "zod";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_ extends true>(): void => {};

const Message = defineEvent("message", {
  schema: z.object({ text: z.string(), tags: z.array(z.string()).default([]) }),
  history: { enabled: true, limit: 5 },
});
const Moved = defineEvent("moved", {
  schema: v.strictObject({
    x: v.pipe(
      v.string(),
      v.transform((x) => Number(x)),
    ),
  }),
});
const Other = defineEvent("other", { schema: z.number() });
const Typing = defineEvent("typing");
const Wide: EventDefinition<{ n: number }> = { name: "message" };
type Said = { text: string; tags: string[] };

// ------------------------------------------------------------ rooms by id
const dialogue = createDialogue({
  rooms: {
    lobby: { name: "Lobby", events: [Message, Moved, Typing], defaultSubscriptions: ["message"] },
    open: { name: "Open", events: [Message, { name: "*" }] },
    silent: { name: "Silent", events: [] },
    plain: { name: "Plain", events: [{ name: "message" }] },
    7: { name: "Seven", events: [Other] },
  },
  events: [Message],
});
const lobby = dialogue.room("lobby");
lobby.size();
lobby.on(Message, ({ data }) => holds<Same<typeof data, Said>>());
lobby.on(Moved, ({ data }) => holds<Same<typeof data, { x: number }>>());
lobby.on({ name: "moved" }, ({ data }) => holds<Same<typeof data, { x: number }>>());
lobby.on({ name: "*" }, ({ data }) => holds<Same<typeof data, unknown>>());
lobby.on(Wide, ({ data }) => holds<Same<typeof data, { n: number }>>());
lobby.on<{ free: 1 }>({ name: "message" }, ({ data }) => holds<Same<typeof data, { free: 1 }>>());
lobby.trigger(Message, { text: "hi" });
lobby.trigger(Moved, { x: "5" }, "ada", { trace: 1 });
lobby.trigger(Wide, { n: 1 });
lobby.trigger(Typing, true);
lobby.on(Typing, ({ data }) => holds<Same<typeof data, unknown>>());
// @ts-expect-error: the room has no such event
lobby.trigger(Other, 1);
// @ts-expect-error: the room has no such event
lobby.on(Other, () => {});
// @ts-expect-error: text is a string
lobby.trigger(Message, { text: 1 });
// @ts-expect-error: the input of its schema is a string
lobby.trigger(Moved, { x: 5 });
// @ts-expect-error: there is no such field
lobby.trigger(Moved, { y: "5" });

dialogue.room("open").trigger(Other, 1);
dialogue.room("silent").trigger(Other, 1);
dialogue.room("plain").trigger(Message, { text: "hi" });
dialogue.room("7").trigger(Other, 1);
const later = dialogue.room("made-later");
holds<Same<typeof later, Room | null>>();
later?.trigger(Other, 1);
declare const id: string;
const some = dialogue.room(id);
holds<Same<typeof some, Room | null>>();
dialogue.getRoom("lobby")?.trigger(Message, { text: "hi" });
// @ts-expect-error: it may have been deleted
dialogue.getRoom("lobby").size();

dialogue.trigger("lobby", Message, { text: "hi" });
dialogue.trigger("made-later", Other, 1);
dialogue.trigger(id, Other, 1);
dialogue.on("lobby", Moved, ({ data }) => holds<Same<typeof data, { x: number }>>());
dialogue.on(id, Moved, ({ data }) => holds<Same<typeof data, { x: number }>>());
dialogue.on<{ n: number }>("lobby", { name: "message" }, ({ data }) => void data.n.toFixed());
// @ts-expect-error: the room has no such event
dialogue.trigger("lobby", Other, 1);
// @ts-expect-error: the room has no such event
dialogue.on("lobby", Other, () => {});
// @ts-expect-error: the input of its schema is a string
dialogue.trigger("lobby", Moved, { x: 5 });

export async function pages(): Promise<void> {
  const page = await lobby.history(Message, 0, 10);
  holds<Same<typeof page, EventMessage<Said>[]>>();
  const named = await lobby.history("moved", 0, 10);
  holds<Same<typeof named, EventMessage<{ x: number }>[]>>();
  const any = await (dialogue as Dialogue).room("lobby")?.history("whatever", 0, 10);
  holds<Same<typeof any, EventMessage<unknown>[] | undefined>>();
  const definite = await (dialogue as Dialogue).room("lobby")?.history(Message, 0, 10);
  holds<Same<typeof definite, EventMessage<Said>[] | undefined>>();
  // @ts-expect-error: the room has no such event
  await lobby.history(Other, 0, 10);
  // @ts-expect-error: the room has no such event
  await lobby.history("other", 0, 10);
  // @ts-expect-error: neither a definition nor a name
  await lobby.history(5, 0, 10);
}

// ------------------------------------------------------------ as a list
const listed = createDialogue({
  rooms: [
    { id: "a", name: "A", events: [Message] },
    { id: "b", name: "B", events: [] },
  ],
});
listed.room("a").trigger(Message, { text: "hi" });
listed.room("b").size();
// @ts-expect-error: the room has no such event
listed.room("a").trigger(Other, 1);
const unknownRoom = listed.room("c");
holds<Same<typeof unknownRoom, Room | null>>();

// ------------------------------------------------------------ what says less stays as it was
const rooms: Record<string, RoomConfig> = { lobby: { name: "Lobby", events: [Message] } };
const config: DialogueConfig = { rooms };
const loose = [createDialogue(config), createDialogue({ rooms }), createDialogue({ rooms: [] })];
for (const one of loose) {
  const room = one.room("lobby");
  room?.trigger(Other, 1);
}
const bare: Dialogue = createDialogue(config);
const room: Room | null = bare.room("lobby");
room?.trigger(Other, 1);
export const bares: Dialogue[] = [dialogue, listed, bare];
export const roomsOf: Room[] = [lobby, dialogue.room("silent"), listed.room("a")];
export interface Named extends Room {
  readonly title: string;
}
export class Mine implements Pick<Dialogue, "room" | "getRoom" | "rooms"> {
  room(_id: string): Room | null {
    return null;
  }
  getRoom(_id: string): Room | null {
    return null;
  }
  rooms(): Room[] {
    return [];
  }
}
export function helper(given: Dialogue, client: ConnectedClient): number {
  given.trigger("lobby", Message, { text: "hi" });
  return given.getClientRooms(client.userId).ids.length;
}
helper(dialogue, dialogue.getAllClients()[0]!);

// What is undefined is as if it were absent (exactOptionalPropertyTypes).
declare const port: number | undefined;
declare const text: string | undefined;
createDialogue({
  rooms: { lobby: { name: "Lobby", events: [Message], maxSize: port, description: text, createdById: text } },
  port,
  host: text,
  hooks: undefined,
  cors: { origin: true, credentials: undefined },
  limits: { connections: port, clientRooms: undefined },
  socket: { pingInterval: port, path: text },
  jwt: text === undefined ? undefined : { secret: text, issuer: text, leeway: port },
});
defineEvent("described", { description: text, history: undefined });

// @ts-expect-error: no such option of a room
createDialogue({ rooms: { lobby: { name: "Lobby", events: [Message], maxsize: 5 } } });
// @ts-expect-error: no such option
createDialogue({ rooms: {}, prot: 3 });
// @ts-expect-error: events are missing
createDialogue({ rooms: { lobby: { name: "Lobby" } } });
// @ts-expect-error: maxSize is a number
createDialogue({ rooms: { lobby: { name: "Lobby", events: [], maxSize: "5" } } });

// ------------------------------------------------------------ hooks that name the server in its own configuration
const seen: unknown[] = [];
const itself = createDialogue({
  rooms: { lobby: { name: "Lobby", events: [Message] } },
  hooks: {
    socket: { onConnect: ({ clientSocket }) => seen.push(clientSocket.id) },
    clients: {
      onConnected: (client) => itself.room("lobby").participants().includes(client),
      onJoined: async (_client, roomId) => itself.deleteRoom(roomId),
      onLeft: (_client, roomId) => itself.deleteRoom(roomId),
      onDisconnected: (client) => itself.getClients(client.userId).length,
      beforeJoin: ({ client, roomId }) => {
        if (itself.isInRoom(client.userId, roomId)) return Err("once is enough");
        return Ok();
      },
    },
    rooms: {
      onCreated: (room) => seen.push(room),
      onDeleted: (roomId) => itself.createRoom(roomId, { name: "", events: [] }),
    },
    events: {
      onTriggered: (roomId, message) => itself.trigger(roomId, Other, message.timestamp),
      afterEach: ({ message }) => seen.push(message),
      onCleanup: (_roomId, _event, events) => seen.push(...events),
      beforeEach: ({ message }) => {
        if (is(Message, message)) {
          holds<Same<typeof message.data, Said>>();
          return Ok({ ...message, data: { ...message.data, text: message.data.text.trim() } });
        }
        return Ok(message);
      },
    },
  },
});
itself.on("lobby", Message, ({ data }) => seen.push(data.text));
itself.room("lobby").on(Message, async ({ data }) => seen.push(data.text));

// ------------------------------------------------------------ a guard
export function guarded(message: EventMessage): string | number {
  if (is(Message, message)) return message.data.text;
  if (is(Moved, message)) return message.data.x;
  if (is(Wide, message)) return message.data.n;
  holds<Same<typeof message, EventMessage>>();
  // @ts-expect-error: a name is no definition
  is("message", message);
  return message.timestamp;
}

// ------------------------------------------------------------ the client of a known server
export async function ofServer(): Promise<void> {
  const client = createDialogueClient<typeof dialogue>({ url: "/" });
  const room = await client.join("lobby");
  room.on(Message, ({ data }) => holds<Same<typeof data, Said>>());
  room.on("message", ({ data }) => holds<Same<typeof data, Said>>());
  room.on("*", ({ data }) => holds<Same<typeof data, unknown>>());
  await room.trigger("moved", { x: "5" });
  await room.trigger(Message, { text: "hi" });
  const page = await room.getHistory("moved");
  holds<Same<typeof page, EventMessage<{ x: number }>[]>>();
  // @ts-expect-error: the input of its schema is a string
  await room.trigger("moved", { x: 5 });
  // @ts-expect-error: the room has no such event
  await room.trigger("other", 1);
  // @ts-expect-error: the room has no such event
  room.on(Other, () => {});
  const later = await client.join("made-later");
  await later.trigger("other", 1);
  const any: DialogueClientInstance = client;
  const anyRoom: RoomContext = await any.join("lobby");
  await anyRoom.trigger("other", 1);
  const ofList = await createDialogueClient<typeof listed>({ url: "/" }).join("a");
  // @ts-expect-error: the room has no such event
  await ofList.trigger("other", 1);
  const loose = await createDialogueClient<Dialogue>({ url: "/" }).join("a");
  await loose.trigger("other", 1);
}
