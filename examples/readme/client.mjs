import { createDialogueClient } from "dialogue-rs/client";
import { Message } from "./events.mjs";

const client = createDialogueClient({
  url: globalThis.process?.env.URL ?? "ws://localhost:3000",
  auth: { userId: "ada" }, // without tokens, a client chooses its own user id
});
client.onHistory((_roomId, events) => console.log(`${events.length} earlier messages`));

const lobby = await client.join("lobby");
lobby.on(Message, ({ from, data }) => console.log(`${from}: ${data.text}`));

const sent = await lobby.trigger(Message, { text: "hello" });
if (sent.isErr) console.error(sent.error.message, sent.error.issues);

// The client stays connected and prints what others send. To end: client.disconnect()
