// The package under measurement: one room, everyone subscribed, no history, no hooks.
import { createDialogue, createSilentLogger } from "dialogue-rs";
import { onTold, say } from "../program.mjs";
import { collect } from "./collect.mjs";

const dialogue = createDialogue({
  port: 0,
  host: "127.0.0.1",
  logger: createSilentLogger(),
  rooms: { bench: { name: "Bench", events: [{ name: "message" }], defaultSubscriptions: ["message"] } },
});
await dialogue.start();
say({ port: dialogue.port });
onTold(async () => {
  await collect();
  say({ collected: true });
});
