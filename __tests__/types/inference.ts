/** What types follow from what a program writes. `@ts-expect-error` marks what must not compile. */
import {
  createDialogue,
  createHistoryManager,
  createRateLimiter,
  type Dialogue,
  DialogueError,
  type DialogueErrorCode,
  defineEvent,
  Err,
  type EventDefinition,
  type FetchApp,
  type HooksConfig,
  Ok,
  type Result,
  type ResultLike,
  type Room,
  validateEventData,
} from "dialogue-rs";
import { Hono } from "hono";
import * as v from "valibot";
import { z } from "zod";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_ extends true>(): void => {};

// ------------------------------------------------------------ events
const schema = z.object({ text: z.string(), at: z.coerce.date(), tags: z.array(z.string()).default([]) });
const Message = defineEvent("message", { schema, history: { enabled: true, limit: 5 } });
type Said = { text: string; at: Date; tags: string[] };
holds<Same<z.infer<typeof Message.schema>, Said>>();
const given: typeof schema = Message.schema;

const Picked = defineEvent("picked", { schema: v.object({ n: v.number() }) });
holds<typeof Picked extends EventDefinition<{ n: number }> ? true : false>();
const Free = defineEvent("free");
holds<Same<typeof Free, EventDefinition<unknown> & { readonly name: "free" }>>();
const Named = defineEvent<{ x: number }>("named");
holds<Same<typeof Named, EventDefinition<{ x: number }>>>();
const NamedTwice = defineEvent<"twice", { x: number }>("twice");
holds<Same<typeof NamedTwice, EventDefinition<{ x: number }> & { readonly name: "twice" }>>();
const Text = defineEvent<string>("text");
holds<Same<typeof Text, EventDefinition<string>>>();
export const written: EventDefinition<{ x: number }> = defineEvent("written");

given.shape.text.min(1);

const events: EventDefinition<unknown>[] = [Message, Picked, Free, Named, { name: "*" }];

const judged = validateEventData(Message, {});
if (judged.isOk) holds<Same<typeof judged.value, Said>>();
else holds<Same<typeof judged.error, string>>();

// @ts-expect-error: Message is frozen
Message.name = "other";
// @ts-expect-error: a limit is missing
defineEvent("x", { history: { enabled: true } });

// ------------------------------------------------------------ trigger takes the schema's input, handlers its output
export function use(dialogue: Dialogue, room: Room): void {
  const triggered: Result<void, string> = dialogue.trigger("chat", Message, { text: "hi", at: "1970-01-01" });
  triggered.unwrap();
  room.trigger(Message, { text: "hi", at: new Date(), tags: ["a"] }, "ada", { trace: 1 });
  room.trigger({ name: "message" }, { any: "thing" });
  room.trigger(Named, { x: 1 });
  room.trigger(Picked, { n: 1 });
  // @ts-expect-error: text must be a string
  room.trigger(Message, { text: 1, at: "1970-01-01" });
  // @ts-expect-error: x must be a number
  dialogue.trigger("chat", Named, { x: "1" });
  // @ts-expect-error: an event is more than a name
  dialogue.trigger("chat", "message", {});

  const off: () => void = room.on(Message, ({ data, offset }) => {
    holds<Same<typeof data, Said>>();
    holds<Same<typeof offset, number | undefined>>();
  });
  off();
  dialogue.on("chat", Picked, async ({ data }) => void data.n.toFixed());
  room.on({ name: "*" }, ({ data }) => holds<Same<typeof data, unknown>>());

  const made: Room | null = dialogue.createRoom("id", { name: "Room", events: [Message] }, "ada");
  dialogue.createRoom({ id: "id", name: "Room", events });
  dialogue.updateRoom("id", { maxSize: 5 });
  // @ts-expect-error: the creator of a room does not change
  dialogue.updateRoom("id", { createdById: "bob" });
  // @ts-expect-error: a room's name is changed by updateRoom
  if (made) made.name = "other";
}

// ------------------------------------------------------------ results
declare const result: Result<number, string>;
if (result.isOk) holds<Same<typeof result.value, number>>();
if (result.isErr) holds<Same<typeof result.error, string>>();
export const number: number = result.unwrap().else(0);
export const expected: number = result.expect("a number");
export const withFallback: () => number = Err("no")
  .unwrap()
  .else(() => 5);
export const likes: ResultLike<number, string>[] = [
  Ok(1),
  Err("no"),
  { isOk: true, value: 1 },
  { isErr: true, error: "no" },
];
export const nothing: Result<void, string> = Ok();
// @ts-expect-error: results are read only
result.type = "Ok";

// ------------------------------------------------------------ hooks
export const hooks: HooksConfig = {
  socket: {
    authenticate: async ({ authData, clientSocket, context }) => {
      holds<Same<typeof authData, unknown>>();
      const sub: string = clientSocket.handshake.auth["user"] ?? Object.keys(context.clients)[0] ?? "";
      return sub === "" ? Err("who are you?") : Ok({ jwt: { sub } });
    },
    onConnect: ({ clientSocket }) => void clientSocket.emit("hello", 1),
  },
  clients: { beforeJoin: ({ client, room }) => (client.auth && !room.isFull() ? Ok() : Err("no")) },
  events: {
    beforeEach: ({ message }) => Ok({ ...message, meta: { seen: true } }),
    afterEach: ({ recipientCount }) => void recipientCount.toFixed(),
    onCleanup: async (_roomId, _eventName, gone) => void gone.length,
    onLoad: async () => [],
  },
};

// ------------------------------------------------------------ configuration
const app: FetchApp = { fetch: (request) => new Response(request.url) };
createDialogue({ rooms: [{ id: "chat", name: "Chat", events }], app });
createDialogue({
  rooms: {},
  app: new Hono(),
  cors: { origin: ["https://example.com"], credentials: true },
  socket: { transports: ["websocket"] },
  limits: { clientRooms: { max: 2, events: [Message] }, hookTimeout: 5_000 },
  jwt: { secret: "s", algorithms: ["HS256"] },
});
// @ts-expect-error: rooms are needed, if only none
createDialogue({});
// @ts-expect-error: no such transport
createDialogue({ rooms: {}, socket: { transports: ["smoke"] } });

// ------------------------------------------------------------ the rest
const error = new DialogueError("ROOM_FULL", "full", { roomId: "chat" });
export const code: DialogueErrorCode = error.code;
createRateLimiter({ windowMs: 1_000, maxRequests: 1 });
createRateLimiter({ windowMs: 1_000, maxEvents: 1 });
// @ts-expect-error: how many is missing
createRateLimiter({ windowMs: 1_000 });
createHistoryManager().push(
  "chat",
  "message",
  { event: "message", roomId: "chat", data: 1, from: "ada", timestamp: 0 },
  10,
);

export async function scoped(): Promise<void> {
  await using dialogue = createDialogue({ rooms: {} });
  await dialogue.start();
}
