// The package under measurement: one room, everyone subscribed, no history. With --hooks: beforeEach and afterEach.
// With --blocked: the JavaScript thread is blocked for 50 of every 100 ms. With --send-buffer=N: limits.sendBuffer. With
// --rate=N: limits.rate.
import { createDialogue, createSilentLogger } from "dialogue-rs";
import { onTold, say } from "../program.mjs";
import { collect } from "./collect.mjs";
import { createApp } from "./health.mjs";
import { block, hooks } from "./hooks.mjs";

const given = (name) => {
  const found = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return found && Number(found.split("=")[1]);
};
const sendBuffer = given("send-buffer");
const dialogue = createDialogue({
  port: 0,
  host: "127.0.0.1",
  logger: createSilentLogger(),
  app: createApp(),
  ...(process.argv.includes("--hooks") && { hooks: { events: hooks } }),
  // The peer has no limits on rates.
  limits: { rate: given("rate") ?? false, ...(sendBuffer && { sendBuffer }) },
  rooms: { bench: { name: "Bench", events: [{ name: "message" }], defaultSubscriptions: ["message"] } },
});
await dialogue.start();
if (process.argv.includes("--blocked")) block();
say({ port: dialogue.port });
onTold(async () => {
  await collect();
  say({ collected: true });
});
