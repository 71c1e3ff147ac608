// A chat page: open it in two tabs. `npm start` runs this; PORT and HOST may be set.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createDialogue, defineEvent } from "dialogue-rs";
import { Hono } from "hono";
import { z } from "zod";

const Message = defineEvent("message", {
  schema: z.object({ text: z.string().trim().min(1).max(2000) }),
  history: { enabled: true, limit: 200 },
});
const Typing = defineEvent("typing", { schema: z.object({}) });

const room = (name, description) => ({
  name,
  description,
  maxSize: 100,
  events: [Message, Typing],
  defaultSubscriptions: ["*"],
  syncHistoryOnJoin: 50,
});

const app = new Hono();
const socketIoClient = createRequire(import.meta.url).resolve("socket.io-client/dist/socket.io.js");
const files = {
  "/": [new URL("./index.html", import.meta.url), "text/html; charset=utf-8"],
  "/chat.js": [new URL("./chat.js", import.meta.url), "text/javascript; charset=utf-8"],
  "/chat.css": [new URL("./chat.css", import.meta.url), "text/css; charset=utf-8"],
  "/socket.io.js": [socketIoClient, "text/javascript; charset=utf-8"],
};
for (const [path, [file, type]] of Object.entries(files)) {
  app.get(path, async (context) => context.body(await readFile(file, "utf8"), 200, { "content-type": type }));
}

const dialogue = createDialogue({
  port: Number(process.env.PORT ?? 3000),
  host: process.env.HOST ?? "127.0.0.1",
  app,
  rooms: {
    lobby: room("Lobby", "Everyone starts here"),
    garden: room("Garden", "For slower talk"),
    workshop: room("Workshop", "What are you building?"),
  },
});

try {
  await dialogue.start();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
const host = (process.env.HOST ?? "127.0.0.1").replace("0.0.0.0", "localhost");
console.log(`Open http://${host}:${dialogue.port}/ in two tabs. Ctrl-C stops the server.`);

// stop() closes what is open; nothing then keeps the process alive.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => dialogue.stop());
