// ROUNDS times: creates ROOMS rooms, AT_ONCE of them there at a time, each joined, said something in, left, and deletes them. Says
// { start, rounds: [{ resident, heap }, …] }, in bytes; a round ends when memory is back or does not come back.
import { createDialogue, createSilentLogger, defineEvent } from "dialogue-rs";
import { io } from "socket.io-client";
import { memoryInUse } from "./memory-in-use.mjs";

const [ROOMS, AT_ONCE, ROUNDS] = [process.env.ROOMS, process.env.AT_ONCE, process.env.ROUNDS].map(Number);
/** So many of them are listed: their coming and going is announced to the client, which reads in this process too. */
const LISTED = 100;
const PATIENCE = 8_000;
const Message = defineEvent("message", { history: { enabled: true, limit: 5 } });

const dialogue = createDialogue({ port: 0, host: "127.0.0.1", logger: createSilentLogger(), rooms: {} });
await dialogue.start();
const socket = io(`http://127.0.0.1:${dialogue.port}`, { transports: ["websocket"], reconnection: false });
await new Promise((resolve) => socket.once("dialogue:connected", resolve));
const [client] = dialogue.getAllClients();

async function comeAndGo(rooms) {
  for (let i = 0; i < rooms; i++) {
    const room = dialogue.createRoom(`room-${i}`, {
      name: "Room",
      events: [Message],
      defaultSubscriptions: ["message"],
      listed: i < LISTED,
    });
    client.join(room.id);
    if (room.size() !== 1) throw new Error(`${room.id} was not joined`);
    room.trigger(Message, { text: "said" });
    client.leave(room.id);
    if (i % 50 === 49) await new Promise((resolve) => setImmediate(resolve));
  }
  for (const room of dialogue.rooms()) dialogue.deleteRoom(room.id);
  await new Promise((resolve) => socket.emit("dialogue:listRooms", {}, resolve));
  if (dialogue.rooms().length > 0 || !socket.connected)
    throw new Error("a room is left, or the client is gone");
}

// What the runtime compiles, and what it takes once and keeps.
for (let i = 0; i < 40; i++) await comeAndGo(50);
await comeAndGo(1_000);
const start = await memoryInUse();
const rounds = [];
for (let round = 0; round < ROUNDS; round++) {
  for (let done = 0; done < ROOMS; done += AT_ONCE) await comeAndGo(Math.min(AT_ONCE, ROOMS - done));
  const deadline = performance.now() + PATIENCE;
  let now = await memoryInUse();
  while (now.resident > start.resident * 1.05 && performance.now() < deadline) now = await memoryInUse();
  rounds.push(now);
}
console.log(JSON.stringify({ start, rounds }));
await dialogue.stop();
