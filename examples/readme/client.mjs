import { io } from "socket.io-client";

const socket = io(process.env.URL ?? "http://localhost:3000", { auth: { userId: "ada" } });

socket.on("dialogue:history", ({ events }) => console.log(`${events.length} earlier messages`));
socket.on("dialogue:event", ({ from, data }) => console.log(`${from}: ${data.text}`));

socket.on("connect", async () => {
  const joined = await socket.emitWithAck("dialogue:join", { roomId: "lobby" });
  if (!joined.ok) throw new Error(joined.message);
  await socket.emitWithAck("dialogue:trigger", {
    roomId: "lobby",
    event: "message",
    data: { text: "hello" },
  });
});
