/** A page's program: the client brings it no types but those of a page. `@ts-expect-error` marks what must not compile. */
import {
  createDialogueClient,
  type DialogueError,
  defineEvent,
  type EventMessage,
  is,
  type Result,
  type RoomContext,
} from "dialogue-rs/client";
import * as v from "valibot";

// @ts-expect-error: there is no process in a page
export const url: string = process.env.URL;
// @ts-expect-error: nor a Buffer
export const bytes = new Buffer("");

// @ts-expect-error: nor Node's modules
import type { Server } from "node:http";

export type None = Server;
// Where Node's types are, this is an object.
export const timer: number = setTimeout(() => {}, 1);

const Message = defineEvent("message", {
  schema: v.object({ text: v.string(), at: v.optional(v.number(), 0) }),
});

export async function program(): Promise<Result<void, DialogueError>> {
  const client = createDialogueClient({ url: "/", auth: { token: "…" } });
  const room: RoomContext = await client.join("lobby");
  room.on(Message, ({ data }) => console.log(data.text.trim(), data.at.toFixed()));
  room.onAny((_name, message: EventMessage) => {
    if (is(Message, message)) document.title = message.data.text;
  });
  // @ts-expect-error: text is a string
  await room.trigger(Message, { text: 1 });
  return room.trigger(Message, { text: "hi" });
}
