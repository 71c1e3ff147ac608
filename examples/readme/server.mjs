import { createDialogue, defineEvent } from "dialogue-rs";
import { z } from "zod";

const Message = defineEvent("message", {
  schema: z.object({ text: z.string().min(1) }),
  history: { enabled: true, limit: 50 },
});

const dialogue = createDialogue({
  port: Number(process.env.PORT ?? 3000),
  rooms: {
    lobby: { name: "Lobby", events: [Message], defaultSubscriptions: ["message"], syncHistoryOnJoin: true },
  },
});

dialogue.on("lobby", Message, ({ from, data }) => console.log(`${from}: ${data.text}`));

await dialogue.start();
process.once("SIGTERM", () => dialogue.stop());
