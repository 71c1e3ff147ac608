// What a page of a program bundles; see the Vite build in ../smoke.mjs.
import { createDialogueClient, DialogueError } from "dialogue-rs/client";
import { Message } from "./events.js";

const client = createDialogueClient({ url: "/" });
client.onError((error) => console.error(error instanceof DialogueError, error.code));
const room = await client.join("chat");
room.on(Message, ({ data }) => document.body.append(data.text));
