/** Types of helpers, readonly lists and payloads checked by name. `@ts-expect-error` marks what must not compile, at the line it is reported for. */
import {
  createDialogue,
  type DataIn,
  type Dialogue,
  type DialogueConfig,
  defineEvent,
  type EventDefinition,
  type EventMessage,
  getEventByName,
  isEventAllowed,
  type Room,
  type RoomConfig,
  type RoomWith,
} from "dialogue-rs";
import {
  createDialogueClient,
  type DialogueClientInstance,
  type RoomContext,
  type RoomContextWith,
} from "dialogue-rs/client";
import { Hono } from "hono";
import * as v from "valibot";
import { z } from "zod";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_ extends true>(): void => {};

const Message = defineEvent("message", { schema: z.object({ text: z.string() }) });
const Sized = defineEvent("sized", { schema: z.string().transform((text) => text.length) });
const Typing = defineEvent("typing", { schema: z.boolean() });
const Picked = defineEvent("picked", { schema: v.object({ n: v.number() }) });
const Strict = defineEvent("strict", {
  schema: v.strictObject({ n: v.pipe(v.string(), v.transform(Number)) }),
});
const Free = defineEvent("free");

const dialogue = createDialogue({
  rooms: {
    lobby: { name: "Lobby", events: [Message, Sized, Typing, Picked, Strict, Free] },
    other: { name: "Other", events: [Typing] },
    open: { name: "Open", events: [Message, { name: "*" }] },
  },
});
const lobby = dialogue.room("lobby");
const listed = createDialogue({ rooms: [{ id: "a", name: "A", events: [Message] }] });

// ------------------------------------------------------------ the type of a variable that holds a server
type Made = ReturnType<typeof createDialogue>;
export const made: Made[] = [dialogue, listed, createDialogue({ rooms: {} })];
export class Service {
  private readonly server: Made;
  constructor(server: Made) {
    this.server = server;
  }
  size(): number {
    return this.server.room("lobby")?.size() ?? 0;
  }
}
new Service(dialogue).size();
let server: Made | undefined;
server = dialogue;
server = createDialogue({ rooms: { lobby: { name: "Lobby", events: [Message] } } });
export const running: Dialogue | undefined = server;
export const takes = (given: Dialogue, client: DialogueClientInstance): unknown[] => [given, client];
takes(dialogue, createDialogueClient<typeof dialogue>({ url: "/" }));
takes(listed, createDialogueClient<Made>({ url: "/" }));
type Given = Parameters<typeof createDialogue>[0];
export const given: Given = { rooms: { lobby: { name: "Lobby", events: [Message] } } };
export const client: ReturnType<typeof createDialogueClient> = createDialogueClient<typeof dialogue>({
  url: "/",
});

// ------------------------------------------------------------ a schema of another library is that library's
v.parse(Picked.schema, { n: 1 }).n.toFixed();
v.parse(Strict.schema, { n: "1" }).n.toFixed();
// @ts-expect-error: it is not one of Zod's
Picked.schema.parse({ n: 1 });
// @ts-expect-error: it is not one of Zod's
Strict.schema.safeParse({ n: "1" });
export const definitions: EventDefinition[] = [Picked, Strict];
export const ofNumber: EventDefinition<{ n: number }>[] = [Picked, Strict];
holds<Same<DataIn<typeof Strict>, { n: string }>>();
lobby.on(Strict, ({ data }) => holds<Same<typeof data, { n: number }>>());
lobby.trigger(Strict, { n: "1" });
Message.schema.parse({ text: "hi" }).text.trim();

// ------------------------------------------------------------ a name alone, in a room whose events are known
lobby.on({ name: "message" }, ({ data }) => holds<Same<typeof data, { text: string }>>());
dialogue.on("lobby", { name: "message" }, ({ data }) => holds<Same<typeof data, { text: string }>>());
dialogue.on("lobby", { name: "sized" }, ({ data }) => holds<Same<typeof data, number>>());
dialogue.on("lobby", { name: "*" }, ({ data }) => holds<Same<typeof data, unknown>>());
dialogue.on("open", { name: "message" }, ({ data }) => holds<Same<typeof data, unknown>>());
dialogue.on("later", { name: "message" }, ({ data }) => holds<Same<typeof data, unknown>>());
dialogue.on("later", { name: "message" }, ({ data }: EventMessage<{ text: string }>) => data.text.trim());
lobby.trigger({ name: "message" }, { text: "hi" });
lobby.trigger({ name: "sized" }, "hi");
lobby.trigger({ name: "free" }, 5);
dialogue.trigger("lobby", { name: "message" }, { text: "hi" });
dialogue.trigger("open", { name: "message" }, 5);
dialogue.trigger("later", { name: "message" }, 5);
// @ts-expect-error: text is a string
lobby.trigger({ name: "message" }, { text: 3 });
// @ts-expect-error: the input of its schema is a string
lobby.trigger({ name: "sized" }, 3);
// @ts-expect-error: text is missing
dialogue.trigger("lobby", { name: "message" }, 5);
// @ts-expect-error: the room has no such event
dialogue.trigger("lobby", { name: "nothing" }, 5);
export const first = async (): Promise<string | undefined> =>
  (await lobby.history({ name: "message" }, 0, 1))[0]?.data.text;

// ------------------------------------------------------------ a wrong payload is reported at the payload
lobby.trigger(
  Message,
  // @ts-expect-error: text is a string
  { text: 1 },
);
dialogue.trigger(
  "lobby",
  Message,
  // @ts-expect-error: text is a string
  { text: 1 },
);
dialogue.trigger(
  "later",
  Picked,
  // @ts-expect-error: n is a number
  { n: "1" },
);
lobby.trigger(
  // @ts-expect-error: the room has no such event
  defineEvent<"elsewhere", { x: 1 }>("elsewhere"),
  { x: 1 },
);
// What a payload is may be written, as in dialogue-ts.
lobby.trigger<{ text: string }>({ name: "message" }, { text: "hi" });
dialogue.trigger<{ text: string }>("later", { name: "message" }, { text: "hi" });
// @ts-expect-error: text is missing
dialogue.trigger<{ text: string }>("later", { name: "message" }, {});

export async function inPage(): Promise<void> {
  const room = await createDialogueClient<typeof dialogue>({ url: "/" }).join("lobby");
  await room.trigger({ name: "message" }, { text: "hi" });
  await room.trigger("sized", "hi");
  await room.trigger(
    "message",
    // @ts-expect-error: text is a string
    { text: 1 },
  );
  await room.trigger(
    Message,
    // @ts-expect-error: text is a string
    { text: 1 },
  );
  await room.trigger(
    { name: "message" },
    // @ts-expect-error: text is a string
    { text: 1 },
  );
  await room.trigger(
    // @ts-expect-error: the room has no such event
    "elsewhere",
    1,
  );
  room.on({ name: "sized" }, ({ data }) => holds<Same<typeof data, number>>());
  const any: RoomContext = room;
  await any.trigger<{ text: string }>("message", { text: "hi" });
  await any.trigger<{ text: string }>({ name: "message" }, { text: "hi" });
  // @ts-expect-error: text is missing
  await any.trigger<{ text: string }>("message", {});
  await sayHello(room);
  await sayHello(any);
  // @ts-expect-error: the room has no such event
  await sayHello(await createDialogueClient<typeof dialogue>({ url: "/" }).join("other"));
}

// ------------------------------------------------------------ helpers
const greet = (room: RoomWith<typeof Message>, text: string): number => {
  room.on(Message, ({ data }) => holds<Same<typeof data, { text: string }>>());
  void room.history(Message, 0, 1).then(([latest]) => latest?.data.text.trim());
  room.trigger(
    Message,
    // @ts-expect-error: text is a string
    { text: 1 },
  );
  // @ts-expect-error: nothing says that the room has this event
  room.trigger(Typing, true);
  return room.trigger(Message, { text }).isOk ? room.size() : 0;
};
greet(lobby, "hi");
greet(listed.room("a"), "hi");
greet(dialogue.room("open"), "hi");
const loose: Room | null = dialogue.room("later");
if (loose) greet(loose, "hi");
// @ts-expect-error: the room has no such event
greet(dialogue.room("other"), "hi");
export function both(room: RoomWith<typeof Message | typeof Typing>): void {
  room.on(Message, ({ data }) => holds<Same<typeof data, { text: string }>>());
  room.on(Typing, ({ data }) => holds<Same<typeof data, boolean>>());
  room.trigger(Typing, true);
  room.trigger(Message, { text: "hi" });
  greet(room, "hi");
}
both(lobby);
// @ts-expect-error: the room has one of them only
both(dialogue.room("other"));
const sayHello = (room: RoomContextWith<typeof Message>) => room.trigger(Message, { text: "hi" });
export const say = <T>(room: Room, event: EventDefinition<T>, data: T) => room.trigger(event, data);
export const sayIn = <T>(room: RoomContext, event: EventDefinition<T>, data: T) => room.trigger(event, data);
export const sayBy = <T>(from: Dialogue, event: EventDefinition<T>, data: T) =>
  from.trigger("lobby", event, data);

// ------------------------------------------------------------ lists may be read only
const events = [Message, Typing] as const;
const config: RoomConfig = { name: "Made", events, defaultSubscriptions: ["message"] as const };
dialogue.createRoom("made", { name: "Made", events });
dialogue.createRoom({ id: "made", ...config });
dialogue.updateRoom("made", { events, defaultSubscriptions: ["message"] as const });
isEventAllowed("message", events);
const found = getEventByName("message", events);
holds<Same<typeof found, typeof Message | typeof Typing | undefined>>();
const among = getEventByName("message", lobby.events);
holds<Same<typeof among, EventDefinition<unknown> | undefined>>();
const whole = {
  rooms: { lobby: { name: "Lobby", events, defaultSubscriptions: ["message"] } },
  events,
  cors: { origin: ["https://example.com"], methods: ["GET"] },
  jwt: { secret: "s", algorithms: ["HS256"], issuer: ["me"], audience: ["you"] },
  limits: { trustProxy: ["10.0.0.0/8"], clientRooms: { max: 1, events, defaultSubscriptions: ["message"] } },
  socket: { transports: ["websocket"] },
} as const satisfies DialogueConfig;
createDialogue(whole).room("lobby").trigger(Message, { text: "hi" });
const list = [{ id: "a", name: "A", events }] as const satisfies DialogueConfig["rooms"];
createDialogue({ rooms: list }).room("a").trigger(Typing, true);

// ------------------------------------------------------------ routes that name their server
const app = new Hono();
app.get("/said", (c) => c.json({ ok: withApp.room("lobby").trigger(Message, { text: "hi" }).isOk }));
const withApp = createDialogue({ app, rooms: { lobby: { name: "Lobby", events: [Message] } } });
withApp.app.get("/size", (c) => c.json({ size: withApp.room("lobby").size() }));
const withFetch = createDialogue({
  app: { fetch: (): Response => new Response(String(withFetch.room("lobby").size())) },
  rooms: { lobby: { name: "Lobby", events: [Message] } },
});
withFetch.room("lobby").trigger(Message, { text: "hi" });
