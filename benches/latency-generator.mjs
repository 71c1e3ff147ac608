// Told { port, room } it connects two clients; told { measure } it has one say something every five milliseconds for so long, and says
// how long each took to reach the other, in milliseconds.
import WebSocket from "ws";
import { onTold, say } from "./program.mjs";

const latencies = [];
let speaker;
let room;

onTold(async (told) => {
  if (told.port !== undefined) {
    room = told.room;
    speaker = await connect(told.port, false);
    await connect(told.port, true);
    say({ joined: 2 });
  } else {
    latencies.length = 0;
    const timer = setInterval(() => {
      const data = JSON.stringify({ at: performance.now() });
      speaker.send(`42["dialogue:trigger",{"roomId":"${room}","event":"message","data":${data}}]`);
    }, 5);
    setTimeout(() => clearInterval(timer), told.measure);
    setTimeout(() => say({ latencies }), told.measure + 500);
  }
});

function connect(port, listens) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, {
      perMessageDeflate: false,
    });
    socket.on("error", reject);
    socket.on("message", (data) => {
      const text = data.toString();
      if (text.startsWith('42["dialogue:event"')) {
        if (listens) latencies.push(performance.now() - JSON.parse(text.slice(2))[1].data.at);
      } else if (text.startsWith("0")) socket.send("40");
      else if (text === "2") socket.send("3");
      else if (text.startsWith('42["dialogue:connected"'))
        socket.send(`421["dialogue:join",{"roomId":"${room}"}]`);
      else if (text.startsWith("431")) resolve(socket);
    });
  });
}
