// A server whose hooks are all faulty in the way that FAULT names, and clients that meet every one of them. What goes wrong is the
// runtime's to deal with as it does by default: an unhandled rejection ends this process. Says { answers }, and ends by itself.
import { createDialogue, createSilentLogger, defineEvent } from "dialogue-rs";
import { io } from "socket.io-client";
import { FAULTS } from "./faults.mjs";

const fault = FAULTS[process.env.FAULT];
const DECIDING = ["authenticate", "beforeJoin", "beforeEach"];
const GROUPS = {
  socket: ["authenticate", "onConnect", "onDisconnect"],
  clients: ["beforeJoin", "onConnected", "onDisconnected", "onJoined", "onLeft"],
  rooms: ["onCreated", "onUpdated", "onDeleted"],
  events: ["beforeEach", "afterEach", "onTriggered", "onCleanup", "onLoad"],
};

/** The hooks of these names, all faulty. */
function faulty(wanted) {
  const group = (names) => Object.fromEntries(names.filter(wanted).map((name) => [name, fault]));
  return Object.fromEntries(Object.entries(GROUPS).map(([name, names]) => [name, group(names)]));
}

function serve(hooks) {
  const Message = defineEvent("message", { history: { enabled: true, limit: 1 } });
  const dialogue = createDialogue({
    port: 0,
    host: "127.0.0.1",
    logger: createSilentLogger(),
    rooms: { chat: { name: "Chat", events: [Message], defaultSubscriptions: ["*"] } },
    hooks,
    limits: { hookTimeout: 1_000 },
  });
  dialogue.on("chat", Message, fault);
  return dialogue;
}

/** Everything that calls a hook; what the client and the program were answered. */
async function live(dialogue) {
  await dialogue.start();
  const answers = {};
  const socket = io(`http://127.0.0.1:${dialogue.port}`, { transports: ["websocket"], reconnection: false });
  answers.connect = await new Promise((resolve) => {
    socket.once("dialogue:connected", () => resolve("ok"));
    socket.once("connect_error", ({ message, data }) => resolve(`${data?.code} ${message}`));
  });
  if (answers.connect === "ok") {
    const ask = async (verb, payload) => {
      const { ok, code, message } = await socket.emitWithAck(`dialogue:${verb}`, payload);
      return ok ? "ok" : `${code} ${message}`;
    };
    answers.join = await ask("join", { roomId: "chat" });
    if (answers.join !== "ok") dialogue.getAllClients()[0].join("chat");
    const said = { roomId: "chat", event: "message", data: 1 };
    for (let n = 0; n < 3; n++) answers.trigger = await ask("trigger", said);
    const own = dialogue.trigger("chat", { name: "message" }, 1);
    answers.own = own.isOk ? "ok" : own.error;
    answers.history = await ask("getHistory", { roomId: "chat", eventName: "message", start: 0, end: 9 });
    dialogue.createRoom("other", { name: "Other", events: [] });
    dialogue.updateRoom("other", { name: "Another" });
    dialogue.deleteRoom("other");
    answers.leave = await ask("leave", { roomId: "chat" });
  }
  socket.disconnect();
  await dialogue.stop();
  return answers;
}

const observing = await live(serve(faulty((name) => !DECIDING.includes(name))));
const deciding = {};
for (const hook of DECIDING) deciding[hook] = await live(serve(faulty((name) => name === hook)));
console.log(JSON.stringify({ answers: { observing, deciding } }));
