import { createDialogue } from "dialogue-rs";
import { Message } from "./events.mjs";

const dialogue = createDialogue({
  port: Number(process.env.PORT ?? 3000),
  rooms: {
    // Who joins gets its messages without asking, and the latest ones at once.
    lobby: { name: "Lobby", events: [Message], defaultSubscriptions: ["message"], syncHistoryOnJoin: true },
  },
});

dialogue.on("lobby", Message, ({ from, data }) => console.log(`${from}: ${data.text}`));

await dialogue.start();
process.once("SIGTERM", () => dialogue.stop());
