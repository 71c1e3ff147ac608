// A program of Socket.IO's on an http server: only the import is another. PORT=0 node examples/socket-io/server.mjs
import { createServer } from "node:http";
import { Server } from "dialogue-rs/socket.io";

const httpServer = createServer((_request, response) => response.end("hello"));
const io = new Server(httpServer);

io.on("connection", (socket) => {
  socket.join("lobby");
  socket.on("say", (text, answer) => {
    socket.to("lobby").emit("said", text);
    answer("ok");
  });
});

httpServer.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`Listening on http://localhost:${httpServer.address().port}`);
});
process.once("SIGTERM", () => io.close());
