// A client that tries to get in until it may or may not, and sends EVENTS numbered events the moment it is in. Says { trying }
// when it was not let in yet, { connected } or { refused: why } in the end.
import { io } from "socket.io-client";

const socket = io(process.env.URL, {
  transports: ["websocket"],
  reconnectionDelay: 5,
  reconnectionDelayMax: 5,
});
const say = (line) => console.log(JSON.stringify(line));

socket.on("connect", () => {
  for (let n = 0; n < Number(process.env.EVENTS ?? 0); n++) socket.emit("count", n);
  say({ connected: true });
});
socket.on("connect_error", ({ message }) => {
  const isClosed = socket.active;
  if (!isClosed && message !== "Invalid namespace") {
    say({ refused: message });
    return;
  }
  say({ trying: true });
  // What the server refuses is not tried again by itself.
  if (!isClosed) setTimeout(() => socket.connect(), 5);
});
