// Told { port, connections } it connects; told { measure } it asks for the list of rooms, as fast as a socket takes it, for so long, and says
// how many answers came. Whoever is closed, as one that goes on for ten seconds is, connects again.
import WebSocket from "ws";
import { onTold, say } from "./program.mjs";
import { talk } from "./talker.mjs";

/** Bytes that may wait in a socket. */
const WAITING = 64 * 1024;
let port;
let sockets = [];
let running = false;
let answered = 0;

onTold(async (told) => {
  if (told.port !== undefined) {
    port = told.port;
    sockets = await Promise.all(Array.from({ length: told.connections }, () => connect()));
    say({ connected: sockets.length });
    return;
  }
  answered = 0;
  running = true;
  for (const index of sockets.keys()) flood(index);
  setTimeout(() => {
    running = false;
    say({ answered });
  }, told.measure);
});

async function flood(index) {
  while (running) {
    const socket = sockets[index];
    if (socket.readyState !== WebSocket.OPEN) sockets[index] = await connect();
    else
      for (let n = 0; n < 100 && socket.bufferedAmount < WAITING; n++)
        socket.send('421["dialogue:listRooms"]');
    await new Promise(setImmediate);
  }
}

const connect = () =>
  talk(port, undefined, () => {
    answered++;
  });
