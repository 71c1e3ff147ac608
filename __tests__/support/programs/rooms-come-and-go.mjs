// ROUNDS times: creates ROOMS rooms, uses and deletes them all. Says { rounds: [{ resident, heap }, …] }, in bytes. Before
// that it does the same with few rooms until the runtime has compiled what there is to compile, which is memory of no room.
import { createDialogue, createSilentLogger, defineEvent } from "dialogue-rs";
import { io } from "socket.io-client";
import { memoryInUse } from "./memory-in-use.mjs";

const ROOMS = Number(process.env.ROOMS);
const WARM_UP = { rounds: 40, rooms: 20 };
const Message = defineEvent("message", { history: { enabled: true, limit: 5 } });
const message = { text: "x".repeat(100) };
let cleaned = 0;

function countCleaned(_roomId, _eventName, events) {
  cleaned += events.length;
}

const dialogue = createDialogue({
  port: 0,
  host: "127.0.0.1",
  logger: createSilentLogger(),
  rooms: {},
  hooks: { events: { onCleanup: countCleaned } },
});
await dialogue.start();

/** One round of rooms: joined, subscribed to, triggered in, read, handled, deleted; some of it by a client of the round. */
async function round(rooms) {
  const before = cleaned;
  const overTheWire = Math.min(50, rooms);
  const socket = io(`http://127.0.0.1:${dialogue.port}`, {
    transports: ["websocket"],
    reconnection: false,
    forceNew: true,
  });
  const ask = async (event, payload) => {
    const answer = await new Promise((resolve) => socket.emit(event, payload, resolve));
    if (!answer.ok) throw new Error(`${event}: ${answer.code} ${answer.message}`);
  };
  await new Promise((resolve) => socket.once("dialogue:connected", resolve));
  const [client] = dialogue.getAllClients();
  for (let i = 0; i < rooms; i++) {
    const id = `room-${i}`;
    const room = dialogue.createRoom(id, { name: id, events: [Message], defaultSubscriptions: ["message"] });
    room.on(Message, () => {});
    if (i < overTheWire) {
      await ask("dialogue:join", { roomId: id });
      await ask("dialogue:trigger", { roomId: id, event: "message", data: message });
    } else client.join(id);
    for (let n = 0; n < 10; n++) room.trigger(Message, message);
    if (room.size() !== 1 || room.participants()[0] !== client)
      throw new Error(`${id} has ${room.size()} members`);
    if ((await room.history("message", 0, 5)).length !== 5) throw new Error(`${id} has no history`);
    if (i % 2 === 0) client.leave(id);
    // The client reads in this process too: let it.
    if (i % 50 === 49) await new Promise((resolve) => setImmediate(resolve));
  }
  for (const room of dialogue.rooms()) dialogue.deleteRoom(room.id);
  const gone = new Promise((resolve) => socket.once("disconnect", resolve));
  socket.disconnect();
  await gone;
  while (dialogue.getAllClients().length > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  const expected = rooms * 10 + overTheWire;
  while (cleaned - before < expected) await new Promise((resolve) => setTimeout(resolve, 2));
  if (cleaned - before !== expected)
    throw new Error(`onCleanup got ${cleaned - before} events, not ${expected}`);
}

for (let i = 0; i < WARM_UP.rounds; i++) {
  await round(WARM_UP.rooms);
  await memoryInUse();
}
const rounds = [];
for (let i = 0; i < Number(process.env.ROUNDS); i++) {
  await round(ROOMS);
  rounds.push(await memoryInUse());
}
console.log(JSON.stringify({ rounds }));
await dialogue.stop();
