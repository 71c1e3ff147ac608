// A server whose JavaScript thread the test holds: when "hold" is said in the room `plain`, the thread does nothing until the file GATE
// is there. Asked by "tell" under a name, it says { [name]: what hooks and handlers were told }. HOOKS (names), LIMITS and SOCKET are the test's.
import { existsSync } from "node:fs";
import { createDialogue, defineEvent, Ok } from "dialogue-rs";

const { GATE, HOOKS, LIMITS, SOCKET = "{}" } = process.env;
const told = {
  decided: [],
  heard: [],
  joined: [],
  left: [],
  gone: [],
  logged: [],
  asked: [],
  authenticated: [],
};
const note = (level) => (entry) => {
  if (level === "warn" || level === "error") told.logged.push(entry.message);
};
const Note = defineEvent("note");
const all = {
  events: {
    beforeEach: ({ message }) => {
      if (typeof message.data === "number") told.decided.push(message.data);
      return Ok(message);
    },
  },
  authenticate: ({ authData }) => {
    told.authenticated.push(authData.userId);
    return Ok({ jwt: { sub: authData.userId } });
  },
  clients: {
    beforeJoin: ({ client, roomId }) => {
      told.asked.push(`${client.userId} ${roomId}`);
      return Ok();
    },
    onJoined: (client, roomId) => void told.joined.push(`${client.userId} ${roomId}`),
    onLeft: (client, roomId) => void told.left.push(`${client.userId} ${roomId}`),
    onDisconnected: (client) => void told.gone.push(client.userId),
  },
};
const wanted = HOOKS.split(" ");
const decided = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      // Making the room tries the schema out on other values.
      if (typeof value === "number") told.decided.push(value);
      return { value };
    },
  },
};
const plain = { name: "Plain", events: [{ name: "*" }], defaultSubscriptions: ["*"] };
const dialogue = createDialogue({
  port: 0,
  host: "127.0.0.1",
  logger: { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") },
  rooms: {
    plain,
    judged: { ...plain, name: "Judged", events: [defineEvent("judged", { schema: decided }), Note] },
  },
  hooks: {
    ...(wanted.includes("authenticate") && { authenticate: all.authenticate }),
    ...(wanted.includes("beforeEach") && { events: all.events }),
    clients: Object.fromEntries(Object.entries(all.clients).filter(([name]) => wanted.includes(name))),
  },
  socket: JSON.parse(SOCKET),
  limits: { rate: false, ...JSON.parse(LIMITS) },
});
dialogue.on("plain", Note, ({ data, offset }) => void told.heard.push([offset, data.n]));
dialogue.on("plain", { name: "tell" }, ({ data }) => console.log(JSON.stringify({ [data]: told })));
dialogue.on("plain", { name: "hold" }, () => {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  console.log(JSON.stringify({ held: true }));
  while (!existsSync(GATE)) Atomics.wait(cell, 0, 0, 5);
});
await dialogue.start();
console.log(JSON.stringify({ port: dialogue.port }));
