// EVENTS events of ten clients through beforeEach, room.on, onTriggered and afterEach. Says { samples }: bytes after each tenth. The
// clients are a process of their own (speaks-when-told.mjs), so that what is counted is the server's alone.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createDialogue, createSilentLogger, defineEvent, Ok } from "dialogue-rs";
import { memoryInUse } from "./memory-in-use.mjs";

const EVENTS = Number(process.env.EVENTS);
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

const speakers = spawn(process.execPath, [fileURLToPath(new URL("speaks-when-told.mjs", import.meta.url))], {
  env: { ...process.env, PORT: String(dialogue.port) },
  stdio: ["pipe", "pipe", "inherit"],
});
const spoken = createInterface({ input: speakers.stdout })[Symbol.asyncIterator]();
const samples = [];
for (let n = 1; n <= 10; n++) {
  speakers.stdin.write(`${EVENTS / 10}\n`);
  if ((await spoken.next()).done) throw new Error("the clients are gone");
  samples.push((await memoryInUse()).resident);
}
if (told !== 3 * EVENTS) throw new Error(`the hooks were told ${told} times instead of ${3 * EVENTS}`);
console.log(JSON.stringify({ samples }));
speakers.stdin.end();
await dialogue.stop();
