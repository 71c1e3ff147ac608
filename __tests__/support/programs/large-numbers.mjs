// Events that are watched and decided, from a count on that thirty-two bits do not hold much longer: says { told, answers }.
import { createDialogue, Ok } from "dialogue-rs";
import { io } from "socket.io-client";
import { numbers } from "../../../dist/trigger.js";

numbers.last = 2 ** 32 - 2;
const told = [];
const dialogue = createDialogue({
  port: 0,
  host: "127.0.0.1",
  rooms: { chat: { name: "Chat", events: [{ name: "said" }] } },
  hooks: {
    events: {
      beforeEach: ({ message }) => Ok({ ...message, meta: { kept: true } }),
      afterEach: ({ message }) => void told.push([message.data, message.meta]),
    },
  },
});
await dialogue.start();
const socket = io(`http://127.0.0.1:${dialogue.port}`, {
  transports: ["websocket"],
  auth: { userId: "ada" },
});
await socket.emitWithAck("dialogue:join", { roomId: "chat" });
const answers = [];
for (let n = 0; n < 6; n++) {
  // By a client, and by the program: both are numbered.
  const said = { roomId: "chat", event: "said", data: n };
  answers.push((await socket.timeout(5_000).emitWithAck("dialogue:trigger", said)).ok);
  answers.push(dialogue.trigger("chat", { name: "said" }, -n).isOk);
}
console.log(JSON.stringify({ told, answers, last: numbers.last }));
socket.close();
await dialogue.stop();
