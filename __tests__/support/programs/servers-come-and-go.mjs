// Makes ROUNDS servers one after the other, of both kinds: starts, serves one client, stops and forgets each; another is forgotten without a
// start. Says { descriptors } before and after. One that nobody holds but that was not stopped is asked at the end: { answered }.
import { createDialogue, createSilentLogger } from "dialogue-rs";
import { Server } from "dialogue-rs/socket.io";
import { io as connect } from "socket.io-client";
import { handlesInUse, memoryInUse } from "./memory-in-use.mjs";

const make = () =>
  createDialogue({
    port: 0,
    host: "127.0.0.1",
    logger: createSilentLogger(),
    rooms: { chat: { name: "Chat", events: [] } },
  });

async function visit(port, event) {
  const socket = connect(`http://127.0.0.1:${port}`, {
    transports: ["websocket"],
    reconnection: false,
    forceNew: true,
  });
  await new Promise((resolve) => socket.once(event, resolve));
  return socket;
}

async function round() {
  make();
  const dialogue = make();
  await dialogue.start();
  const guest = await visit(dialogue.port, "dialogue:connected");
  const gone = new Promise((resolve) => guest.once("disconnect", resolve));
  await dialogue.stop();
  await gone;
  const io = new Server(0);
  io.on("connection", (socket) => socket.emit("hello"));
  await visit(io.httpServer.address().port, "hello");
  await io.close();
}

async function forgotten() {
  const dialogue = make();
  await dialogue.start();
  return dialogue.port;
}

const port = await forgotten();
const descriptors = [];
for (let count = 0; count < Number(process.env.ROUNDS); count++) {
  await round();
  await memoryInUse();
  descriptors.push(handlesInUse().descriptors);
}
const socket = await visit(port, "dialogue:connected");
const answered = await socket.emitWithAck("dialogue:join", { roomId: "chat" });
console.log(JSON.stringify({ descriptors, answered }));
process.exit(0);
