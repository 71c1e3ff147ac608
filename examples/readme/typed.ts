import { createDialogue, defineEvent, is, Ok } from "dialogue-rs";
import { z } from "zod";

const Message = defineEvent("message", {
  schema: z.object({ text: z.string(), tags: z.array(z.string()).default([]) }),
});
const Typing = defineEvent("typing", { schema: z.boolean() });

export const dialogue = createDialogue({
  rooms: { lobby: { name: "Lobby", events: [Message] } },
  hooks: {
    events: {
      beforeEach: ({ message }) => {
        if (!is(Message, message)) return Ok(message);
        // Here `message.data` is { text: string; tags: string[] }.
        return Ok({ ...message, data: { ...message.data, text: message.data.text.trim() } });
      },
    },
  },
});

const lobby = dialogue.room("lobby"); // not null: the configuration has this room
lobby.on(Message, ({ data }) => console.log(data.text, data.tags.length));
lobby.trigger(Message, { text: " hi " }); // the schema's input: `tags` may be left out

// @ts-expect-error: the lobby has no such event
lobby.trigger(Typing, true);
