// Starts and stops one server ROUNDS times, with a client each time. Says { after: [{ descriptors, threads }, …] }.
import { createDialogue, createSilentLogger } from "dialogue-rs";
import { io } from "socket.io-client";
import { handlesInUse, memoryInUse } from "./memory-in-use.mjs";

const dialogue = createDialogue({
  port: 0,
  host: "127.0.0.1",
  logger: createSilentLogger(),
  rooms: { chat: { name: "Chat", events: [] } },
});
const after = [];
for (let round = 0; round < Number(process.env.ROUNDS); round++) {
  await dialogue.start();
  const socket = io(`http://127.0.0.1:${dialogue.port}`, {
    transports: ["websocket"],
    reconnection: false,
    forceNew: true,
  });
  await new Promise((resolve) => socket.once("dialogue:connected", resolve));
  const gone = new Promise((resolve) => socket.once("disconnect", resolve));
  await dialogue.stop();
  await gone;
  if (round % 10 === 9 || round < 2) await memoryInUse();
  after.push(handlesInUse());
}
console.log(JSON.stringify({ after }));
