// Told { port, room, clients } it connects so many that join the room. Told { stall } they read no more, and told { count } it says how many
// of them the server has closed. Told { measure, every, bytes } the first says something of so many bytes every so many milliseconds, for
// so long; it then says the latencies, in milliseconds, with which each of them, reading, got each event.
import WebSocket from "ws";
import { onTold, say } from "./program.mjs";

const EVENT = '42["dialogue:event"';
const AT = Buffer.from('"at":');
/** After the last event: it may still be on its way. */
const GRACE = 1_000;
const sockets = [];
const latencies = [];
let closed = 0;
let stalled = false;
let room;

onTold(async (told) => {
  if (told.port !== undefined) {
    room = told.room;
    for (let from = 0; from < told.clients; from += 100) {
      const count = Math.min(100, told.clients - from);
      sockets.push(...(await Promise.all(Array.from({ length: count }, () => connect(told.port)))));
    }
    say({ joined: sockets.length });
  } else if (told.stall) {
    stalled = true;
    for (const socket of sockets) socket.pause();
    say({ stalled: sockets.length });
  } else if (told.count) {
    // What a paused socket has to say about its end, it says when it is read.
    for (const socket of sockets) socket.resume();
    setTimeout(() => say({ closed }), GRACE);
  } else {
    latencies.length = 0;
    const text = "x".repeat(told.bytes);
    let said = 0;
    const timer = setInterval(() => {
      said++;
      const data = `{"at":${performance.now()},"text":"${text}"}`;
      sockets[0].send(`42["dialogue:trigger",{"roomId":"${room}","event":"message","data":${data}}]`);
    }, told.every);
    setTimeout(() => clearInterval(timer), told.measure);
    setTimeout(() => {
      latencies.sort((a, b) => a - b);
      const at = (part) => latencies[Math.floor(latencies.length * part)];
      say({ delivered: latencies.length, said, p50: at(0.5), p99: at(0.99) });
    }, told.measure + GRACE);
  }
});

function connect(port) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, {
      perMessageDeflate: false,
      skipUTF8Validation: true,
    });
    socket.on("error", (error) => {
      if (!stalled) reject(error);
    });
    socket.on("close", (code) => {
      closed++;
      if (stalled) return;
      console.error(`the server closed a connection that reads with ${code}`);
      process.exit(1);
    });
    socket.on("message", (data) => {
      if (data.length === 1) return socket.send("3");
      const packet = data.toString("latin1", 0, 24);
      if (packet.startsWith(EVENT)) {
        const at = data.indexOf(AT) + AT.length;
        latencies.push(performance.now() - Number.parseFloat(data.toString("latin1", at, at + 20)));
      } else if (packet.startsWith("0")) socket.send("40");
      else if (packet.startsWith('42["dialogue:connected"'))
        socket.send(`421["dialogue:join",{"roomId":"${room}"}]`);
      else if (packet.startsWith("431")) resolve(socket);
    });
  });
}
