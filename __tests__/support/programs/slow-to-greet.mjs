// A server whose listeners for new clients keep the thread: for HOLD_MS, or until the file GATE is there. Says { greeted } when one has
// returned, with the time of day.
import { existsSync } from "node:fs";
import { createDialogue } from "dialogue-rs";

const { GATE, HOLD_MS } = process.env;

function greet() {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const end = Date.now() + Number(HOLD_MS);
  while (Date.now() < end && !existsSync(GATE)) Atomics.wait(cell, 0, 0, 5);
  console.log(JSON.stringify({ greeted: Date.now() }));
}

const dialogue = createDialogue({
  port: 0,
  host: "127.0.0.1",
  logger: { debug() {}, info() {}, warn() {}, error() {} },
  rooms: {},
  limits: { hookQueue: 100 },
  hooks: { clients: { onConnected: greet } },
});
dialogue.io.of("/io").on("connection", greet);
await dialogue.start();
console.log(JSON.stringify({ port: dialogue.port }));
