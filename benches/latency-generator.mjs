// Told { port, room, others } it connects two clients, and so many others that are in no room; told { measure } it has one say something every five milliseconds for so long, and says
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
    for (let n = 0; n < (told.others ?? 0); n++) await talk(told.port, undefined, () => {});
    say({ joined: 2 + (told.others ?? 0) });
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
