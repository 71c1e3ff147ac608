// Ten clients in the room `chat` of the server on PORT. Told a number, they send so many events between them, each answered, and say so by
// a line. It ends with its input.
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const CLIENTS = 10;
const WINDOW = 20;

const clients = await Promise.all(
  Array.from({ length: CLIENTS }, async () => {
    const socket = io(`http://127.0.0.1:${process.env.PORT}`, { transports: ["websocket"], forceNew: true });
    const joined = await socket.emitWithAck("dialogue:join", { roomId: "chat" });
    if (!joined.ok) throw new Error(joined.message);
    return socket;
  }),
);

async function speak(socket, count) {
  for (let sent = 0; sent < count; sent += WINDOW) {
    const asked = Array.from({ length: Math.min(WINDOW, count - sent) }, (_, n) =>
      socket.emitWithAck("dialogue:trigger", {
        roomId: "chat",
        event: "message",
        data: { n, text: "x".repeat(50) },
      }),
    );
    for (const answer of await Promise.all(asked)) if (!answer.ok) throw new Error(answer.message);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  await Promise.all(clients.map((socket) => speak(socket, Number(line) / CLIENTS)));
  console.log("spoken");
}
for (const socket of clients) socket.disconnect();
