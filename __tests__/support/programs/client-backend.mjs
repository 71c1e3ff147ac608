// The servers that the client's suite talks to, in a process of their own, so that the suite runs in a browser too. Commanded over HTTP:
// POST { op, … } on the port that it says first; see `operations`. It ends when its input does.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createDialogue, createSilentLogger, Err, Ok, signJwt } from "dialogue-rs";
import { startWirePageServer } from "./wire-page-server.mjs";

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/**
 * A Dialogue by what JSON can say of one. `store`: keeps what memory lets go, as a program with a database does. `puts`: the room into
 * which it puts everyone who connects. `faults`: how often `authenticate` fails before it lets in.
 */
async function startDialogue({ store = false, denied = {}, greetings = 0, puts, faults, ...config }) {
  const stored = new Map();
  const kept = (roomId, eventName) => {
    const key = `${roomId} ${eventName}`;
    if (!stored.has(key)) stored.set(key, []);
    return stored.get(key);
  };
  const asked = [];
  const dialogue = createDialogue({
    port: 0,
    host: "127.0.0.1",
    rooms: {},
    logger: createSilentLogger(),
    ...config,
    hooks: {
      ...(faults !== undefined && {
        authenticate({ authData }) {
          asked.push(Date.now());
          if (asked.length <= faults) throw new Error("the database is away");
          return Ok({ jwt: { sub: authData.userId } });
        },
      }),
      clients: {
        onConnected: (client) => void (puts !== undefined && client.join(puts)),
        beforeJoin: ({ roomId }) => (roomId in denied ? Err(denied[roomId]) : Ok()),
        onJoined(_client, roomId) {
          for (let n = 1; n <= greetings; n++) dialogue.trigger(roomId, { name: "message" }, `greeting ${n}`);
        },
      },
      ...(store && {
        events: {
          onCleanup: (roomId, eventName, events) => void kept(roomId, eventName).push(...events),
          onLoad: async (roomId, eventName, start, end) =>
            kept(roomId, eventName).toReversed().slice(start, end),
        },
      }),
    },
  });
  await dialogue.start();
  const steps = {
    trigger(roomId, event, ...all) {
      for (const data of all) dialogue.trigger(roomId, { name: event }, data).expect("trigger");
    },
    /** Ends every connection as a network does: without a word. */
    cut(userId) {
      const clients = userId === undefined ? dialogue.getAllClients() : dialogue.getClients(userId);
      for (const client of clients) client.socket.conn.close();
    },
    put: (userId, roomId) => dialogue.getClients(userId).forEach((client) => void client.join(roomId)),
    kick: (userId, roomId) => dialogue.getClients(userId).forEach((client) => void client.leave(roomId)),
    sendAway: (userId) => dialogue.getClients(userId).forEach((client) => void client.disconnect()),
    send: (userId, event, data) =>
      dialogue.getClients(userId).forEach((client) => void client.send(event, data)),
    createRoom: (id, room) => dialogue.createRoom(id, room) !== null,
    deleteRoom: (id) => dialogue.deleteRoom(id),
    deny(roomId, reason) {
      denied[roomId] = reason;
    },
    updateRoom: (id, changes) => dialogue.updateRoom(id, changes) !== null,
    asked: () => asked,
    connections: () => dialogue.getAllClients().map(({ id, userId }) => ({ id, userId })),
    subscriptions: (userId, roomId) => dialogue.getClients(userId)[0]?.subscriptions(roomId) ?? null,
  };
  return { port: dialogue.port, steps, stop: () => dialogue.stop() };
}

/** A Dialogue in a process that can be killed. */
function startProcess(config, port = 0) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
    env: { ...process.env, NODE_OPTIONS: "", SERVE: JSON.stringify({ ...config, port }) },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", (line) => {
      const started = JSON.parse(line);
      resolve({
        port: started.port,
        steps: {},
        async stop() {
          child.kill("SIGKILL");
          await exited;
        },
        again: () => startProcess(config, started.port),
      });
    });
    void exited.then((code) => reject(new Error(`it ended with ${code}`)));
  });
}

const servers = new Map();
let count = 0;

function known(starting) {
  return starting.then((server) => {
    const id = String(++count);
    servers.set(id, server);
    return { server: id, url: `http://127.0.0.1:${server.port}` };
  });
}

const operations = {
  serve: ({ config }) => known(startDialogue(config)),
  serveWirePage: ({ config }) => known(startWirePageServer(config)),
  spawn: ({ config }) => known(startProcess(config)),
  /** The steps of one command run in one turn: nobody gets in between. */
  run: ({ server, steps }) =>
    steps.map(([name, ...args]) => servers.get(server).steps[name](...args) ?? null),
  stop: ({ server }) => servers.get(server).stop(),
  async again({ server }) {
    servers.set(server, await servers.get(server).again());
  },
  sign: ({ claims, secret, expiresIn }) => signJwt(claims, secret, { expiresIn }),
  async reset() {
    const all = [...servers.values()];
    servers.clear();
    await Promise.all(all.map((server) => server.stop()));
  },
};

process.stdin.on("end", () => process.exit());
process.stdin.resume();

if (process.env.SERVE) {
  const { port } = await startDialogue(JSON.parse(process.env.SERVE));
  say({ port });
} else {
  const http = createServer(async (request, response) => {
    const answer = (status, body) => {
      response.writeHead(status, { "content-type": "application/json", "access-control-allow-origin": "*" });
      response.end(JSON.stringify(body ?? null));
    };
    try {
      let text = "";
      for await (const chunk of request) text += chunk;
      const command = JSON.parse(text);
      answer(200, await operations[command.op](command));
    } catch (error) {
      answer(500, String(error?.stack ?? error));
    }
  });
  // Whoever asks again on a connection finds it, however long it thought.
  http.keepAliveTimeout = 120_000;
  http.listen(0, "127.0.0.1", () => say({ port: http.address().port }));
}
