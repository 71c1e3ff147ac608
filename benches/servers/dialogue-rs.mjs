// The package under measurement: one room, everyone subscribed, no history. With --hooks: beforeEach and afterEach.
// With --blocked: the JavaScript thread is blocked for 50 of every 100 ms. With --send-buffer=N: limits.sendBuffer.
import { createDialogue, createSilentLogger } from "dialogue-rs";
import { onTold, say } from "../program.mjs";
import { collect } from "./collect.mjs";
import { createApp } from "./health.mjs";
import { block, hooks } from "./hooks.mjs";

const sendBuffer = process.argv.find((argument) => argument.startsWith("--send-buffer="));
const dialogue = createDialogue({
  port: 0,
  host: "127.0.0.1",
  logger: createSilentLogger(),
  app: createApp(),
  ...(process.argv.includes("--hooks") && { hooks: { events: hooks } }),
  // The peer has no limits on rates.
  limits: { rate: false, ...(sendBuffer && { sendBuffer: Number(sendBuffer.split("=")[1]) }) },
  rooms: { bench: { name: "Bench", events: [{ name: "message" }], defaultSubscriptions: ["message"] } },
});
await dialogue.start();
if (process.argv.includes("--blocked")) block();
say({ port: dialogue.port });
onTold(async () => {
  await collect();
  say({ collected: true });
});
