// Told { port, room } it connects two clients; told { measure } it has one say something every five milliseconds for so long, and says
// how long each took to reach the other, in milliseconds.
import { onTold, say } from "./program.mjs";
import { talk } from "./talker.mjs";

const latencies = [];
let speaker;
let room;

onTold(async (told) => {
  if (told.port !== undefined) {
    room = told.room;
    speaker = await talk(told.port, room, () => {});
    await talk(told.port, room, (text) => {
      if (text.startsWith('42["dialogue:event"'))
        latencies.push(performance.now() - JSON.parse(text.slice(2))[1].data.at);
    });
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
