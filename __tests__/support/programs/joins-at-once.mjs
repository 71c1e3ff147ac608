// A client that sends its commands the moment it is connected. Says { received: [what came, in order] }.
import { io } from "socket.io-client";

const received = [];
const socket = io(process.env.URL, { transports: ["websocket"], reconnection: false });

function note(what) {
  received.push(what);
  if (received.length < 5) return;
  console.log(JSON.stringify({ received }));
  socket.disconnect();
}

socket.onAny((event) => note(event));
socket.on("connect", () => {
  socket.emit("dialogue:join", { roomId: "chat" }, () => note("answer to dialogue:join"));
  const event = { roomId: "chat", event: "message", data: 1 };
  socket.emit("dialogue:trigger", event, () => note("answer to dialogue:trigger"));
});
