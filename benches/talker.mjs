// A WebSocket to the server under measurement, as light as one can be: it connects, joins and answers pings; all else is its user's.
import WebSocket from "ws";

/** Resolves with the socket once it is in `room`, or without one once it is connected. `heard` gets every other packet. */
export function talk(port, room, heard) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, {
      perMessageDeflate: false,
    });
    socket.on("error", reject);
    socket.on("message", (data) => {
      const text = data.toString();
      if (text.startsWith("0")) socket.send("40");
      else if (text === "2") socket.send("3");
      else if (text.startsWith('42["dialogue:connected"')) {
        if (room === undefined) resolve(socket);
        else socket.send(`421["dialogue:join",{"roomId":"${room}"}]`);
      } else if (room !== undefined && text.startsWith("431")) resolve(socket);
      else heard(text);
    });
  });
}
