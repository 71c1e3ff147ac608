// Raw WebSockets that parse as little as they can. Told { port, clients, room?, inFlight? } it connects (with a room: joins
// it, all subscribed), then { warm } and { measure } in milliseconds: keeps `inFlight` broadcasts outstanding for so long, each
// triggered by the next client in turn once all have received one, and says how many deliveries it saw.
import WebSocket from "ws";
import { onTold, say } from "./program.mjs";

const TEXT = "x".repeat(60);
const EVENT = Buffer.from('42["dialogue:event"');
const sockets = [];
let room;
let inFlight = 1;
let running = false;
let received = 0;
let broadcasts = 0;
let sender = 0;
let idle = () => {};

onTold(async (told) => {
  if (told.port !== undefined) {
    room = told.room;
    inFlight = told.inFlight ?? 1;
    for (let from = 0; from < told.clients; from += 100) {
      const count = Math.min(100, told.clients - from);
      sockets.push(...(await Promise.all(Array.from({ length: count }, () => connect(told.port)))));
    }
    say({ joined: sockets.length });
  } else if (told.warm !== undefined) {
    await run(told.warm);
    say({ warm: true });
  } else if (told.measure !== undefined) {
    const began = performance.now();
    await run(told.measure);
    say({ delivered: received, broadcasts, elapsed: performance.now() - began });
  }
});

/** Resolves when the connection is in the namespace, and in the room if there is one. */
function connect(port) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, {
      perMessageDeflate: false,
      skipUTF8Validation: true,
    });
    socket.on("error", reject);
    socket.on("close", (code) => {
      console.error(`the server closed a connection with ${code}`);
      process.exit(1);
    });
    socket.on("message", (data) => {
      if (data.length > EVENT.length && data.compare(EVENT, 0, EVENT.length, 0, EVENT.length) === 0)
        return delivered();
      if (data.length === 1) return socket.send("3");
      const packet = data.toString("latin1", 0, 24);
      if (packet.startsWith("0")) socket.send("40");
      else if (packet.startsWith('42["dialogue:connected"')) {
        if (room === undefined) resolve(socket);
        else socket.send(`421["dialogue:join",{"roomId":"${room}"}]`);
      } else if (packet.startsWith("431")) resolve(socket);
    });
  });
}

function run(milliseconds) {
  received = 0;
  broadcasts = 0;
  running = true;
  const done = new Promise((resolve) => {
    idle = resolve;
  });
  for (let i = 0; i < inFlight; i++) broadcast();
  setTimeout(() => {
    running = false;
  }, milliseconds);
  return done;
}

function broadcast() {
  broadcasts++;
  sockets[sender++ % sockets.length].send(
    `42["dialogue:trigger",{"roomId":"${room}","event":"message","data":{"text":"${TEXT}"}}]`,
  );
}

function delivered() {
  received++;
  if (received % sockets.length !== 0) return;
  if (running) broadcast();
  else if (received === broadcasts * sockets.length) idle();
}
