// Told { port, connections } it connects; told { measure } it has every connection ask for /health, one request behind the other, for so
// long, and says how many answers came. Told { measure, rate } it asks so often a second, over connections that have their answer.
import { connect } from "node:net";
import { onTold, say } from "./program.mjs";

const REQUEST = "GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
const sockets = [];
const idle = [];
let running = false;
let paced = false;
let answered = 0;

onTold(async (told) => {
  if (told.port !== undefined) {
    await Promise.all(Array.from({ length: told.connections }, () => open(told.port)));
    say({ connected: sockets.length });
    return;
  }
  answered = 0;
  running = true;
  const begun = performance.now();
  paced = told.rate !== undefined;
  const pace = paced ? pacing(told.rate) : undefined;
  if (!paced) for (const socket of sockets) socket.write(REQUEST);
  setTimeout(() => {
    running = false;
    clearInterval(pace);
    say({ answered, elapsed: performance.now() - begun });
  }, told.measure);
});

/** Asks as often as it should have by now. What finds every connection busy is asked later, not left out. */
function pacing(rate) {
  idle.splice(0, Number.POSITIVE_INFINITY, ...sockets);
  const begun = performance.now();
  let asked = 0;
  return setInterval(() => {
    const due = ((performance.now() - begun) * rate) / 1_000;
    for (; asked < due && idle.length > 0; asked++) idle.shift().write(REQUEST);
  }, 1);
}

function open(port) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      sockets.push(socket);
      resolve();
    });
    socket.setNoDelay(true);
    socket.on("error", reject);
    let text = "";
    socket.on("data", (data) => {
      text += data.toString("latin1");
      // Each answer has {"ok":true} at its end, whole or in one chunk.
      const end = text.indexOf('{"ok":true}');
      if (end < 0 || (text.includes("chunked") && !text.endsWith("0\r\n\r\n"))) return;
      if (!text.startsWith("HTTP/1.1 200")) throw new Error(text);
      text = "";
      answered++;
      if (paced) idle.push(socket);
      else if (running) socket.write(REQUEST);
    });
  });
}
