// Told { port, attack } it gets ready; told { measure } it attacks for so long, as fast as it can, and says how often it acted.
import net from "node:net";
import WebSocket from "ws";
import { onTold, say } from "./program.mjs";

/** Bytes that may wait in a socket. */
const WAITING = 64 * 1024;
const SOCKETS = 8;
let port;
let attack;
let running = false;
let acts = 0;

/** What each attacker does: `begin` once for each of its sockets, `act` again and again. */
const attacks = {
  /** Events that an observer is called with. */
  events: on((socket) => socket.send(trigger)),
  /** Joins and leaves, which hooks are called with. */
  joins: on((socket) => {
    socket.send('42["dialogue:join",{"roomId":"attacked"}]');
    socket.send('42["dialogue:leave",{"roomId":"attacked"}]');
  }),
  /** Rooms made and deleted. */
  rooms: on((socket, n) => {
    socket.send(`42["dialogue:createRoom",{"id":"r${n}-${process.pid}","name":"r"}]`);
    socket.send(`42["dialogue:deleteRoom",{"roomId":"r${n}-${process.pid}"}]`);
  }),
  /** Lists of rooms, and history. */
  lists: on((socket) => {
    socket.send('421["dialogue:listRooms"]');
    socket.send('422["dialogue:getHistory",{"roomId":"attacked","start":500,"end":1000}]');
  }),
  /** Connects and disconnects of a namespace on one connection. */
  connects: on((socket) => {
    socket.send("41");
    socket.send(`40{"userId":"${"x".repeat(200)}"}`);
  }),
  /** Identities as large as they may be, of connections that are dropped. */
  auth: async (n) => {
    const socket = await open();
    if (!socket) return;
    socket.send(`40{"userId":"u${n}","more":"${"x".repeat(15_000)}"}`);
    await turn();
    socket.terminate();
  },
  /** TCP connections that say nothing, a thousand of each attacker. */
  tcp: async () => {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("error", () => {});
    held.push(socket);
    if (held.length > 1_000) held.shift().destroy();
    await turn();
  },
  /** Large answers that nobody reads. */
  answers: async () => {
    const socket = net.connect(port, "127.0.0.1", () => {
      socket.pause();
      socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    });
    socket.on("error", () => {});
    held.push(socket);
    if (held.length > 200) held.shift().destroy();
    await turn();
  },
};
const trigger = '42["dialogue:trigger",{"roomId":"attacked","event":"message","data":{"text":"x"}}]';
const held = [];
const turn = () => new Promise(setImmediate);

/** An attack on sockets that stay open: each is filled up to what may wait in it. */
function on(act) {
  const sockets = [];
  return async (n) => {
    const at = n % SOCKETS;
    const socket = sockets[at];
    if (socket?.readyState !== WebSocket.OPEN) {
      sockets[at] = await open(true);
      await turn();
      return;
    }
    for (let i = 0; i < 50 && socket.bufferedAmount < WAITING; i++) act(socket, n * 50 + i);
    if (n % SOCKETS === 0) await turn();
  };
}

/** A socket that is open; `joined`: that is in the room. Nothing where it was refused. */
function open(joined = false) {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, {
      perMessageDeflate: false,
    });
    socket.on("error", () => resolve(undefined));
    socket.on("close", () => resolve(undefined));
    socket.on("message", (data) => {
      const text = data.toString("latin1", 0, 30);
      if (text === "2") socket.send("3");
      else if (text.startsWith("0")) {
        if (joined) socket.send("40");
        else resolve(socket);
      } else if (text.startsWith('42["dialogue:connected"')) {
        socket.send('421["dialogue:join",{"roomId":"attacked"}]');
        resolve(socket);
      }
    });
  });
}

onTold(async (told) => {
  if (told.port !== undefined) {
    ({ port } = told);
    attack = attacks[told.attack];
    say({ connected: 1 });
    return;
  }
  running = true;
  acts = 0;
  setTimeout(() => {
    running = false;
    say({ answered: acts });
  }, told.measure);
  while (running) await attack(acts++);
});
