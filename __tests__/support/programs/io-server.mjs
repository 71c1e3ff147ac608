// A server of io, SERVER=dialogue or standalone. Says { port }. Whoever asks for the namespace /measure is refused with
// { heap, resident, sockets, made }: bytes in use, sockets in `/`, namespaces made by clients. Names that begin with /known- are there.
import { createDialogue, createSilentLogger } from "dialogue-rs";
import { Server } from "dialogue-rs/socket.io";
import { memoryInUse } from "./memory-in-use.mjs";

const heapSize = globalThis.Bun && (await import("bun:jsc")).heapSize;
const logger = createSilentLogger();
// One connection asks for many namespaces.
const limits = { connects: false };
const say = (line) => console.log(JSON.stringify(line));
let made = 0;

async function serve() {
  if (process.env.SERVER === "standalone") {
    const io = new Server(0, { logger, limits });
    return { io, port: io.httpServer.address().port };
  }
  const dialogue = createDialogue({ port: 0, host: "127.0.0.1", rooms: {}, logger, limits });
  await dialogue.start();
  return { io: dialogue.io, port: dialogue.port };
}

const { io, port } = await serve();
io.of(/^\/known-/);
io.of((_name, _auth, next) => next(null, false));
io.of("/measure").use(async (_, next) => {
  // What is done to all of them makes none of them an object.
  io.emit("news", { a: 1 });
  io.socketsJoin("room");
  io.to("room").except("other").emit("news");
  const { heap, resident } = await memoryInUse();
  const data = { heap: heapSize?.() ?? heap, resident, sockets: io.sockets.sockets.size, made };
  next(Object.assign(new Error("measured"), { data }));
});
// One where much is done for each.
io.of("/busy").use((socket, next) => {
  socket.onAnyOutgoing(() => {});
  socket.emit("early");
  next(socket.handshake.auth.refused ? new Error("no") : undefined);
});
io.of("/busy").on("connection", (socket) => {
  socket.join(["all", `room of ${socket.id}`]);
  socket.onAny(() => {});
  socket.on("n", (answer) => answer());
  socket.conn.on("close", () => {});
  socket.request.user = socket.data;
  socket.emit("asks", () => {});
  io.of("/busy").emit("asks", () => {});
});
io.on("new_namespace", () => made++);
say({ port });
