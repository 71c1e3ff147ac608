import { createDialogue, createSilentLogger } from "dialogue-rs";
import { createDialogueClient } from "dialogue-rs/client";
import { io } from "socket.io-client";
import { Message } from "./events.js";

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

const client = createDialogueClient({ url: `ws://127.0.0.1:${dialogue.port}`, auth: { userId: "bob" } });
const room = await client.join("chat");
const heard = new Promise((resolve) => room.on(Message, resolve));
const accepted = await room.trigger(Message, { text: "hi" });
if (accepted.isErr) throw accepted.error;
if ((await heard).from !== "bob" || (await room.trigger(Message, {})).error.code !== "VALIDATION_FAILED")
  throw new Error("the client did not speak as bob");
client.disconnect();

await dialogue.stop();
console.log("a client was connected");
