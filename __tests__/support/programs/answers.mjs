// A client that answers each "question" with three numbered "part"s and an "answer", at once. Says { connected }.
import { io } from "socket.io-client";

const socket = io(process.env.URL, { transports: [process.env.TRANSPORT], reconnection: false });
socket.on("connect", () => console.log(JSON.stringify({ connected: true })));
socket.on("question", (n) => {
  for (let part = 0; part < 3; part++) socket.emit("part", part);
  socket.emit("answer", n);
});
