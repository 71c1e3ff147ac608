import { createDialogueClient } from "dialogue-rs/client";
import { Message } from "./events.mjs";

const client = createDialogueClient({
  url: process.env.URL ?? "ws://localhost:3000",
  auth: { userId: "ada" }, // whoever it says it is: see docs/identity.md for tokens
});
client.onHistory((_roomId, events) => console.log(`${events.length} earlier messages`));

const lobby = await client.join("lobby");
lobby.on(Message, ({ from, data }) => console.log(`${from}: ${data.text}`));

const said = await lobby.trigger(Message, { text: "hello" });
if (said.isErr) console.error(said.error.message);
