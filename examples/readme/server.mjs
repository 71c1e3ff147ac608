import { createDialogue } from "dialogue-rs";
import { Message } from "./events.mjs";

const dialogue = createDialogue({
  port: Number(process.env.PORT ?? 3000),
  rooms: {
    lobby: {
      name: "Lobby",
      events: [Message],
      // Each client that joins is subscribed to these events ...
      defaultSubscriptions: ["message"],
      // ... and is sent the messages in the room's history.
      syncHistoryOnJoin: true,
    },
  },
});

dialogue.on("lobby", Message, ({ from, data }) => console.log(`${from}: ${data.text}`));

// All other HTTP requests on this port go to `dialogue.app`, a Hono app.
dialogue.app.get("/stats", (c) => c.json({ inLobby: dialogue.room("lobby").size() }));
dialogue.app.post("/announce", async (c) => {
  const sent = dialogue.trigger("lobby", Message, { text: await c.req.text() });
  return sent.isOk ? c.text("sent") : c.text(sent.error, 400);
});

await dialogue.start();
process.once("SIGTERM", () => dialogue.stop()); // closes all connections; then the process can exit
