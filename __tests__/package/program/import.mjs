import { createDialogue, createSilentLogger, defineEvent } from "dialogue-rs";
import { io } from "socket.io-client";
import { z } from "zod";

const Message = defineEvent("message", { schema: z.object({ text: z.string() }) });
const dialogue = createDialogue({
  port: 0,
  host: "127.0.0.1",
  rooms: { chat: { name: "Chat", events: [Message], defaultSubscriptions: ["message"] } },
  logger: createSilentLogger(),
});
await dialogue.start();

const socket = io(`http://127.0.0.1:${dialogue.port}`, { auth: { userId: "ada" } });
const { userId } = await new Promise((resolve) => socket.once("dialogue:connected", resolve));
if (userId !== "ada") throw new Error(`connected as ${userId}`);
const joined = await socket.emitWithAck("dialogue:join", { roomId: "chat" });
if (!joined.ok) throw new Error(joined.message);
const said = new Promise((resolve) => socket.once("dialogue:event", resolve));
await socket.emitWithAck("dialogue:trigger", { roomId: "chat", event: "message", data: { text: "hello" } });
const { data, from } = await said;
if (data.text !== "hello" || from !== "ada")
  throw new Error(`came back as ${JSON.stringify({ data, from })}`);
socket.close();

await dialogue.stop();
console.log("a client was connected");
