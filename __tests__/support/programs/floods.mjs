// A client that sends EVENTS numbered events of BYTES bytes at once. Says { waiting }: how many of them have not left after a second,
// then { sent } once the server has answered the last, or { disconnected: why }.
import { io } from "socket.io-client";

const events = Number(process.env.EVENTS);
const bytes = Number(process.env.BYTES);
const transport = process.env.TRANSPORT;
const socket = io(process.env.URL, { transports: [transport], reconnection: false });
const say = (line) => console.log(JSON.stringify(line));

socket.on("connect", () => {
  const payload = "x".repeat(bytes);
  for (let n = 0; n < events; n++) socket.emit("n", n, payload);
  socket.emit("last", () => {
    say({ sent: events });
    socket.disconnect();
  });
  setTimeout(() => say({ waiting: socket.io.engine.writeBuffer.length }), 1_000);
});
socket.on("disconnect", (reason) => say({ disconnected: reason }));
