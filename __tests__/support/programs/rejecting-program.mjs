// A program whose every function gives a promise that rejects, of the kind that PROMISE names, and what makes the package call them. What goes wrong is the runtime's to deal with as it does by
// default: a rejection that nobody handles ends this process. Says { occasions }: how often each function was called, and how often the log
// has its words; and { refused }: hooks that gave a promise where none may be. Ends by itself.
import { createContext, runInContext } from "node:vm";
import { createDialogue, createHistoryManager, createSilentLogger, defineEvent, Err, Ok } from "dialogue-rs";
import { createDialogueClient } from "dialogue-rs/client";
import { Server } from "dialogue-rs/socket.io";
import { io } from "socket.io-client";

/** What rejects in a while, with what `error` makes. */
const PROMISES = {
  own: (error) => new Promise((_, reject) => setTimeout(() => reject(error()), 5)),
  foreign: (error) => foreign((_, reject) => setTimeout(() => reject(error()), 5)),
  // biome-ignore lint/suspicious/noThenProperty: it is a promise of a library.
  thenable: (error) => ({ then: (_, reject) => void setTimeout(() => reject(error()), 5) }),
};
const foreign = runInContext("(work) => new Promise(work)", createContext({}));
const occasions = {};
const logged = [];
const log = (entry) => void logged.push(entry);
const logger = { debug: log, info: log, warn: log, error: log };

/** A function that rejects, later than it returns; `name` is in what it rejects with. */
function rejects(name, before = () => {}) {
  occasions[name] ??= { called: 0, logged: 0 };
  return (...args) => {
    occasions[name].called += 1;
    before(...args);
    return PROMISES[process.env.PROMISE](() => new Error(`<${name}>`));
  };
}
/** A promise that rejects, as it is handed on in a value. */
const rejected = (name) => rejects(name)();

const Message = defineEvent("message", { history: { enabled: true, limit: 1 } });
const chat = { name: "Chat", events: [Message], defaultSubscriptions: ["*"] };

async function serve(more, work) {
  const dialogue = createDialogue({
    port: 0,
    host: "127.0.0.1",
    logger,
    rooms: { chat },
    limits: { hookTimeout: 2_000 },
    ...more,
  });
  await dialogue.start();
  try {
    await work(dialogue, `http://127.0.0.1:${dialogue.port}`);
  } finally {
    await dialogue.stop();
  }
}

/** A client of Socket.IO's own kind; resolves when it is in, or was refused. */
async function client(url, options = {}) {
  const socket = io(url, { transports: ["websocket"], reconnection: false, forceNew: true, ...options });
  await new Promise((resolve) => {
    socket.once("connect", resolve);
    socket.once("connect_error", resolve);
  });
  return socket;
}
const ask = (socket, event, ...args) => socket.timeout(5_000).emitWithAck(event, ...args);
const closed = (socket) => {
  const done = new Promise((resolve) => socket.once("disconnect", resolve));
  socket.disconnect();
  return done;
};

// Hooks that observe, handlers, listeners of a client's socket, the app.
const hooks = {
  socket: { onConnect: rejects("onConnect", listen), onDisconnect: rejects("onDisconnect") },
  clients: {
    onConnected: rejects("onConnected"),
    onDisconnected: rejects("onDisconnected"),
    onJoined: rejects("onJoined"),
    onLeft: rejects("onLeft"),
  },
  rooms: {
    onCreated: rejects("onCreated"),
    onUpdated: rejects("onUpdated"),
    onDeleted: rejects("onDeleted"),
  },
  events: {
    afterEach: rejects("afterEach"),
    onTriggered: rejects("onTriggered"),
    onCleanup: rejects("onCleanup"),
    onLoad: rejects("onLoad"),
  },
};
function listen({ clientSocket }) {
  clientSocket.on("own", listeners.own);
  clientSocket.on("disconnect", listeners.disconnect);
}
const listeners = { own: rejects("clientSocket.on"), disconnect: rejects("clientSocket disconnect") };
const app = { fetch: rejects("app.fetch") };
await serve({ hooks, app }, async (dialogue, url) => {
  dialogue.on("chat", Message, rejects("dialogue.on"));
  dialogue.room("chat").on(Message, rejects("room.on"));
  const socket = await client(url, { auth: { userId: "ada" } });
  await ask(socket, "dialogue:join", { roomId: "chat" });
  for (let n = 0; n < 3; n++)
    await ask(socket, "dialogue:trigger", { roomId: "chat", event: "message", data: n });
  await ask(socket, "dialogue:getHistory", { roomId: "chat", eventName: "message", start: 0, end: 9 });
  dialogue.createRoom("other", chat);
  dialogue.updateRoom("other", { name: "Another" });
  dialogue.deleteRoom("other");
  await ask(socket, "dialogue:leave", { roomId: "chat" });
  socket.emit("own");
  await ask(socket, "dialogue:listRooms", {});
  await (await fetch(`${url}/page`)).text();
  await closed(socket);
});

// Streams of the app.
const streams = {
  "/pull": () => new ReadableStream({ pull: rejects("pull of a body") }),
  "/cancel": () =>
    new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
      cancel: rejects("cancel of a body"),
    }),
};
const streaming = { fetch: (request) => new Response(streams[new URL(request.url).pathname]()) };
await serve({ app: streaming }, async (_dialogue, url) => {
  await fetch(`${url}/pull`)
    .then((response) => response.text())
    .catch(() => {});
  const ended = new AbortController();
  const response = await fetch(`${url}/cancel`, { signal: ended.signal });
  await response.body.getReader().read();
  ended.abort();
  await until(() => occasions["cancel of a body"]?.called > 0);
});

// Hooks that decide.
const before =
  (name, change) =>
  ({ message }) =>
    Ok({ ...message, ...change(rejected(name)) });
const join = async (url) => {
  const socket = await client(url, { auth: { userId: "ada" } });
  if (socket.connected) {
    await ask(socket, "dialogue:join", { roomId: "chat" });
    await ask(socket, "dialogue:trigger", { roomId: "chat", event: "message", data: 1 });
  }
  socket.disconnect();
};
for (const deciding of [
  { authenticate: rejects("authenticate") },
  { authenticate: () => Ok(rejected("Ok(…) of authenticate")) },
  { clients: { beforeJoin: rejects("beforeJoin") } },
  { clients: { beforeJoin: () => Ok(rejected("Ok(…) of beforeJoin")) } },
  { events: { beforeEach: rejects("beforeEach") } },
  { events: { beforeEach: () => Ok(rejected("Ok(…) of beforeEach")) } },
  { events: { beforeEach: ({ message }) => Ok({ ...message, data: rejected("data of beforeEach") }) } },
  { events: { beforeEach: ({ message }) => Ok({ ...message, meta: rejected("meta of beforeEach") }) } },
  { authenticate: () => Ok({ jwt: { sub: "ada", more: [rejected("inside Ok(…) of authenticate")] } }) },
  { authenticate: () => Err(rejected("Err(…) of authenticate")) },
  { clients: { beforeJoin: () => Ok({ a: rejected("inside Ok(…) of beforeJoin") }) } },
  { clients: { beforeJoin: () => Err(rejected("Err(…) of beforeJoin")) } },
  { events: { beforeEach: () => Err({ reason: rejected("inside Err(…) of beforeEach") }) } },
  { events: { beforeEach: before("inside data of beforeEach", (held) => ({ data: { a: [held] } })) } },
  { events: { beforeEach: before("inside meta of beforeEach", (held) => ({ meta: { a: { held } } })) } },
  { events: { beforeEach: before("beside data of beforeEach", (held) => ({ more: [held] })) } },
  { events: { beforeEach: before("a Map of beforeEach", (held) => ({ data: new Map([[1, held]]) })) } },
  {
    events: {
      beforeEach: before("inside toJSON of beforeEach", (held) => ({ data: { toJSON: () => ({ held }) } })),
    },
  },
]) {
  await serve({ hooks: deciding }, async (dialogue, url) => {
    await join(url);
    if (deciding.events) dialogue.trigger("chat", Message, 2);
  });
}
for (const onLoad of [
  () => [rejected("a message of onLoad")],
  () => [{ event: "message", roomId: "chat", data: { a: rejected("inside a message of onLoad") } }],
]) {
  const loading = { onCleanup: () => {}, onLoad };
  await serve({ hooks: { events: loading } }, async (dialogue) => {
    for (let n = 0; n < 3; n++) dialogue.trigger("chat", Message, n);
    await dialogue
      .room("chat")
      .history(Message, 0, 9)
      .catch(() => {});
  });
}

// What becomes a promise when it is written down.
await serve({}, async (dialogue, url) => {
  dialogue.trigger("chat", Message, { toJSON: rejects("toJSON") }).expect("trigger");
  const socket = await client(url, { auth: { userId: "ada" } });
  dialogue.io.emit("own", { toJSON: rejects("toJSON of a broadcast") });
  dialogue.io.emit("own", { toJSON: () => ({ a: [rejected("inside toJSON of a broadcast")] }) });
  await closed(socket);
});

// A log that fails: there is nowhere left to tell.
const level = (name) => rejects(`logger.${name}`);
const failing = { debug: level("debug"), info: level("info"), warn: level("warn"), error: level("error") };
const throwing = () => {
  throw new Error("<thrown>");
};
await serve({ logger: failing, hooks: { clients: { onConnected: throwing } } }, async (_dialogue, url) => {
  await closed(await client(url));
});

// Socket.IO's server: listeners, middleware, acknowledgements.
{
  const server = new Server(0, {
    logger,
    allowRequest: (_request, next) => next(null, true),
    cors: { origin: (_origin, answer) => answer(null, true) },
  });
  const on = (emitter, title, ...events) => {
    for (const event of events) emitter.on(event, rejects(`${title} ${event}`));
  };
  server.engine.use(rejects("io.engine.use", (_req, _res, next) => next()));
  on(server.engine, "io.engine.on", "headers", "initial_headers", "connection_error");
  on(server.of("/").adapter, "adapter.on", "create-room", "join-room", "leave-room", "delete-room");
  server.use(rejects("io.use", (_socket, next) => next()));
  server.of("/refused").use(rejects("refusing io.use"));
  server.of(rejects("io.of(function)", (_name, _auth, next) => next(null, true)));
  server.on("new_namespace", rejects("new_namespace"));
  server.of("/").on("connection", rejects("connection"));
  server.of("/").on("connect", (socket) => {
    on(socket, "socket.on", "own", "disconnecting", "disconnect", "error");
    socket.once("own", rejects("socket.once"));
    socket.onAny(rejects("socket.onAny"));
    socket.onAnyOutgoing(rejects("socket.onAnyOutgoing"));
    socket.use(
      rejects("socket.use", ([event], next) => next(event === "bad" ? new Error("bad") : undefined)),
    );
    on(socket.conn, "conn.on", "close");
    socket.join("room");
    socket.leave("room");
    socket.emit("asked", rejects("an acknowledgement"));
    socket.timeout(5_000).emit("asked", rejects("an acknowledgement in time"));
    socket.timeout(10).emit("ignored", rejects("an acknowledgement that is late"));
    server.timeout(5_000).emit("asked", rejects("acknowledgements of a broadcast"));
  });
  await until(() => server.httpServer.address() !== null);
  const url = `http://127.0.0.1:${server.httpServer.address().port}`;
  const socket = io(url, { transports: ["websocket"], reconnection: false, forceNew: true });
  socket.on("asked", (answer) => answer("yes"));
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.emit("own");
  socket.emit("bad");
  await until(() => occasions["an acknowledgement that is late"].called > 0);
  await until(() => occasions["acknowledgements of a broadcast"].called > 0);
  await until(() => occasions["socket.on error"].called > 0);
  (await client(`${url}/refused`)).disconnect();
  (await client(`${url}/dynamic`)).disconnect();
  await fetch(`${url}/socket.io/?EIO=4&transport=none`).then((response) => response.text());
  await closed(socket);
  await until(() => occasions["conn.on close"].called > 0);
  await server.close();
}
for (const [name, options] of Object.entries({
  allowRequest: { allowRequest: rejects("allowRequest") },
  "cors.origin": { cors: { origin: rejects("cors.origin") } },
})) {
  const server = new Server(0, { logger, ...options });
  await until(() => server.httpServer.address() !== null);
  const url = `http://127.0.0.1:${server.httpServer.address().port}/socket.io/?EIO=4&transport=polling`;
  await fetch(url, { headers: { origin: "http://example.org" }, signal: AbortSignal.timeout(2_000) }).catch(
    () => {},
  );
  if (occasions[name].called === 0) throw new Error(`${name} was not called`);
  await server.close();
}

// The client.
{
  const words = console.error;
  console.error = (...args) => log({ data: args.at(-1) });
  const authenticating = { logger: createSilentLogger(), rooms: { chat } };
  await serve(authenticating, async (dialogue, url) => {
    const unknown = createDialogueClient({ url, auth: rejects("auth of the client"), reconnection: false });
    unknown.onError(rejects("onError of the client"));
    await unknown.connect().catch(() => {});
    const ada = createDialogueClient({ url, auth: { userId: "ada" } });
    ada.onConnect(rejects("onConnect of the client"));
    ada.onDisconnect(rejects("onDisconnect of the client"));
    ada.onRoomCreated(rejects("onRoomCreated of the client"));
    ada.onRoomDeleted(rejects("onRoomDeleted of the client"));
    await ada.connect();
    const room = await ada.join("chat");
    room.on(Message, rejects("on of the client"));
    room.onAny(rejects("onAny of the client"));
    room.onClosed(rejects("onClosed of the client"));
    await room.trigger(Message, 1);
    dialogue.createRoom("other", chat);
    dialogue.deleteRoom("other");
    await until(() => occasions["onRoomDeleted of the client"].called > 0);
    dialogue.deleteRoom("chat");
    await until(() => occasions["onClosed of the client"].called > 0);
    ada.disconnect();
  });
  await settled();
  console.error = words;
}

// A history of its own.
const manager = createHistoryManager({ onCleanup: rejects("onCleanup of a manager") });
for (const data of [1, 2]) manager.push("chat", "message", { data }, 1);

await settled();
for (const { data } of logged) {
  const name = /^<(.*)>$/.exec(data?.message)?.[1];
  if (name in occasions) occasions[name].logged += 1;
}
const refused = logged.filter(({ data }) => data instanceof TypeError).map(({ atFunction }) => atFunction);
console.log(JSON.stringify({ occasions, refused }));

/** What was still to reject has rejected by then. */
async function settled() {
  await new Promise((resolve) => setTimeout(resolve, 50));
}

async function until(isSo) {
  for (const end = Date.now() + 5_000; !isSo(); await new Promise((resolve) => setTimeout(resolve, 2)))
    if (Date.now() > end) throw new Error(`it did not come: ${isSo}`);
}
