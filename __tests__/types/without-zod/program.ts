/** A program of someone who did not install Zod: everything compiles, and payloads are inferred. */
import {
  createDialogue,
  type DataIn,
  defineEvent,
  type EventDefinition,
  type EventMessage,
  is,
} from "dialogue-rs";
import * as client from "dialogue-rs/client";
import * as v from "valibot";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_ extends true>(): void => {};

// @ts-expect-error: it is not here
export type Absent = import("zod").ZodType;

const schema = v.object({ text: v.string(), at: v.pipe(v.string(), v.transform(Number)) });
const Message = defineEvent("message", { schema, history: { enabled: true, limit: 5 } });
const Named = defineEvent<{ x: number }>("named");
const Plain: EventDefinition<{ text: string }> = { name: "plain", schema: v.object({ text: v.string() }) };
export const given: typeof schema = Message.schema;
holds<Same<DataIn<typeof Message>, { text: string; at: string }>>();
holds<Same<DataIn<typeof Named>, { x: number }>>();

const dialogue = createDialogue({ rooms: { lobby: { name: "Lobby", events: [Message, Plain] } } });
dialogue.on("lobby", Message, ({ data }) => holds<Same<typeof data, { text: string; at: number }>>());
dialogue.on("lobby", Plain, ({ data }) => holds<Same<typeof data, { text: string }>>());
dialogue.on("lobby", Named, ({ data }) => holds<Same<typeof data, { x: number }>>());
dialogue.trigger("lobby", Message, { text: "hi", at: "5" });
dialogue.trigger("lobby", Plain, { text: "hi" });
// @ts-expect-error: the input of its schema is a string
dialogue.trigger("lobby", Message, { text: "hi", at: 5 });
// @ts-expect-error: text is a string
dialogue.trigger("lobby", Plain, { text: 5 });
// @ts-expect-error: not a schema
defineEvent("message", { schema: 5 });

export const text = (message: EventMessage): string => (is(Message, message) ? message.data.text : "");
export const same: typeof defineEvent = client.defineEvent;
