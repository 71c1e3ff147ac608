// EVENTS events of ten clients through beforeEach, room.on, onTriggered and afterEach. Says { samples }: bytes after each tenth.
import { createDialogue, createSilentLogger, defineEvent, Ok } from "dialogue-rs";
import { io } from "socket.io-client";
import { memoryInUse } from "./memory-in-use.mjs";

const EVENTS = Number(process.env.EVENTS);
const CLIENTS = 10;
const WINDOW = 20;
const Message = defineEvent("message", { history: { enabled: true, limit: 10 } });
let told = 0;
const dialogue = createDialogue({
  port: 0,
  host: "127.0.0.1",
  logger: createSilentLogger(),
  rooms: { chat: { name: "Chat", events: [Message], defaultSubscriptions: [] } },
  hooks: {
    events: {
      beforeEach: ({ message }) => Ok({ ...message, meta: { seen: true } }),
      onTriggered: () => void told++,
      afterEach: () => void told++,
    },
  },
  limits: { rate: false },
});
dialogue.on("chat", Message, () => void told++);
await dialogue.start();

const clients = await Promise.all(
  Array.from({ length: CLIENTS }, async () => {
    const socket = io(`http://127.0.0.1:${dialogue.port}`, { transports: ["websocket"], forceNew: true });
    const joined = await socket.emitWithAck("dialogue:join", { roomId: "chat" });
    if (!joined.ok) throw new Error(joined.message);
    return socket;
  }),
);

async function speak(socket, count) {
  for (let sent = 0; sent < count; sent += WINDOW) {
    const asked = Array.from({ length: WINDOW }, (_, n) =>
      socket.emitWithAck("dialogue:trigger", {
        roomId: "chat",
        event: "message",
        data: { n, text: "x".repeat(50) },
      }),
    );
    for (const answer of await Promise.all(asked)) if (!answer.ok) throw new Error(answer.message);
  }
}

const samples = [];
const tenth = EVENTS / 10;
for (let n = 1; n <= 10; n++) {
  await Promise.all(clients.map((socket) => speak(socket, tenth / CLIENTS)));
  const { resident } = await memoryInUse();
  samples.push(resident);
}
if (told !== 3 * EVENTS) throw new Error(`the hooks were told ${told} times instead of ${3 * EVENTS}`);
console.log(JSON.stringify({ samples }));
for (const socket of clients) socket.disconnect();
await dialogue.stop();
