import { createDialogue } from "dialogue-rs";
import { Message } from "./events.mjs";

const dialogue = createDialogue({
  port: Number(process.env.PORT ?? 3000),
  rooms: {
    lobby: {
      name: "Lobby",
      events: [Message],
      // A client that joins receives these events, and the latest ones at once.
      defaultSubscriptions: ["message"],
      syncHistoryOnJoin: true,
    },
  },
});

dialogue.on("lobby", Message, ({ from, data }) => console.log(`${from}: ${data.text}`));

// HTTP requests on the same port go to a Hono app.
dialogue.app.get("/stats", (c) => c.json({ inLobby: dialogue.room("lobby").size() }));

await dialogue.start();
process.once("SIGTERM", () => dialogue.stop());
