// Raw WebSockets. Told { port, connections } it connects; told { measure, inFlight } it keeps so many echoes outstanding on each connection for so long; told { measure, rate } it
// sends so many a second instead, in turn. It says how many came back, and p50 and p99 in milliseconds.
import WebSocket from "ws";
import { onTold, say } from "./program.mjs";

const ECHO = '42["echo",';
const sockets = [];
let latencies = [];
let repeat = () => {};

const send = (socket) => socket.send(`${ECHO}${performance.now()}]`);

onTold(async ({ port, connections, measure, inFlight, rate }) => {
  if (port !== undefined) {
    sockets.push(...(await Promise.all(Array.from({ length: connections }, () => connect(port)))));
    say({ connected: sockets.length });
    return;
  }
  latencies = [];
  if (rate) await paced(measure, rate);
  else await saturated(measure, inFlight);
  const sorted = latencies.sort((a, b) => a - b);
  const at = (part) => sorted[Math.floor(sorted.length * part)];
  say({ echoes: sorted.length, p50: at(0.5), p99: at(0.99) });
});

async function saturated(milliseconds, inFlight) {
  repeat = send;
  for (const socket of sockets) for (let n = 0; n < inFlight; n++) send(socket);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  repeat = () => {};
  await new Promise((resolve) => setTimeout(resolve, 300));
}

async function paced(milliseconds, rate) {
  const began = performance.now();
  let sent = 0;
  for (let now = began; now - began < milliseconds; now = performance.now()) {
    for (const due = ((now - began) * rate) / 1_000; sent < due; sent++) send(sockets[sent % sockets.length]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
}

function connect(port) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, {
      perMessageDeflate: false,
      skipUTF8Validation: true,
    });
    socket.on("error", reject);
    socket.on("message", (data) => {
      const packet = data.toString("latin1");
      if (packet.startsWith(ECHO)) {
        latencies.push(performance.now() - Number(packet.slice(ECHO.length, -1)));
        repeat(socket);
      } else if (packet === "2") socket.send("3");
      else if (packet.startsWith("0")) socket.send("40");
      else if (packet.startsWith("40")) resolve(socket);
    });
  });
}
