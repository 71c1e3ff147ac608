// A page's program, in a project without Node's types and Zod.
import { createDialogueClient, defineEvent } from "dialogue-rs/client";

const Said = defineEvent<{ text: string }>("said");
const client = createDialogueClient({ url: "/" });
export const timer: number = setTimeout(() => client.disconnect(), 1_000);
const room = await client.join("chat");
room.on(Said, ({ data }) => document.body.append(data.text));
await room.trigger(Said, { text: "hi" });
