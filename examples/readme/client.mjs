import { createDialogueClient } from "dialogue-rs/client";

const client = createDialogueClient({
  url: process.env.URL ?? "ws://localhost:3000",
  auth: { userId: "ada" },
});
client.onHistory((_roomId, events) => console.log(`${events.length} earlier messages`));

const lobby = await client.join("lobby");
lobby.on("message", ({ from, data }) => console.log(`${from}: ${data.text}`));

const said = await lobby.trigger("message", { text: "hello" });
if (said.isErr) console.error(said.error.message);
