// A chat server as the README shows it: SIGTERM stops it, and the process then ends by itself.
// Says { port }, { cleaned: [[offset, data], …] } for what left history, { warned } for warnings, and { stopped } last.
import { writeSync } from "node:fs";
import { createDialogue, createSilentLogger, defineEvent } from "dialogue-rs";

const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`);
const limit = Number(process.env.HISTORY_LIMIT ?? 0);
const Message = defineEvent("message", limit > 0 ? { history: { enabled: true, limit } } : {});

const dialogue = createDialogue({
  port: 0,
  host: "127.0.0.1",
  logger: { ...createSilentLogger(), warn: ({ message }) => say({ warned: message }) },
  socket: {
    ...(process.env.PING_INTERVAL && { pingInterval: Number(process.env.PING_INTERVAL) }),
    ...(process.env.PING_TIMEOUT && { pingTimeout: Number(process.env.PING_TIMEOUT) }),
  },
  rooms: { chat: { name: "Chat", events: [Message, { name: "typing" }], defaultSubscriptions: ["message"] } },
  hooks: {
    events: {
      async onCleanup(_roomId, _eventName, events) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        say({ cleaned: events.map(({ offset, data }) => [offset, data]) });
      },
    },
  },
});

process.once("SIGTERM", async () => {
  await dialogue.stop();
  say({ stopped: true });
});
await dialogue.start();
say({ port: dialogue.port });
