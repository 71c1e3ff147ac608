// A program that installed neither Zod nor another schema library, and brings a schema of its own.
import { createDialogue, type DataIn, defineEvent, is, Ok } from "dialogue-rs";

interface TextSchema {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: "program";
    readonly validate: (value: unknown) => { value: number } | { issues: { message: string }[] };
    readonly types?: { readonly input: string; readonly output: number };
  };
}
declare const schema: TextSchema;

const Counted = defineEvent("counted", { schema });
const input: DataIn<typeof Counted> = "5";
const dialogue = createDialogue({
  rooms: { lobby: { name: "Lobby", events: [Counted] } },
  hooks: {
    events: {
      beforeEach: ({ message }) =>
        Ok(is(Counted, message) ? { ...message, data: message.data + 1 } : message),
    },
  },
});
dialogue.room("lobby").trigger(Counted, input);
dialogue.on("lobby", Counted, ({ data }) => data.toFixed());
// @ts-expect-error: the input is a text
dialogue.trigger("lobby", Counted, 5);
