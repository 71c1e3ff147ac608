// A server with one room that needs JavaScript and one that does not. The event `block` blocks the thread for SECONDS.
// Says { port }, and after the block { grown }: bytes by which the process grew.
import { createDialogue, createSilentLogger, defineEvent, Ok } from "dialogue-rs";

const decided = { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) } };
const dialogue = createDialogue({
  port: 0,
  host: "127.0.0.1",
  logger: createSilentLogger(),
  rooms: {
    free: { name: "Free", events: [defineEvent("message")], defaultSubscriptions: ["*"] },
    hooked: {
      name: "Hooked",
      events: [defineEvent("decided", { schema: decided }), defineEvent("block")],
      defaultSubscriptions: ["*"],
    },
  },
  hooks: { clients: { beforeJoin: () => Ok() } },
  // Together less than the block, and more than a busy machine keeps a client from answering.
  socket: { pingInterval: 500, pingTimeout: 4_000 },
  limits: { hookTimeout: 2_000, hookQueue: 200, rate: false },
});
dialogue.on("hooked", { name: "block" }, () => {
  const before = process.memoryUsage().rss;
  const until = Date.now() + Number(process.env.SECONDS) * 1_000;
  while (Date.now() < until);
  const grown = process.memoryUsage().rss - before;
  console.log(JSON.stringify({ grown }));
});
await dialogue.start();
console.log(JSON.stringify({ port: dialogue.port }));
