// A server with its limits at their defaults, for attackers: it authenticates in JavaScript, observes joins and events, lets clients make rooms, keeps
// history, and has a large answer. With --blocked its JavaScript thread is blocked for 50 of every 100 ms.
import { createDialogue, createSilentLogger, Ok } from "dialogue-rs";
import { onTold, say } from "../program.mjs";
import { collect } from "./collect.mjs";
import { block } from "./hooks.mjs";

const LARGE = new Uint8Array(8_000_000);
let seen = 0;
const observe = () => {
  seen++;
};

const dialogue = createDialogue({
  port: 0,
  host: "127.0.0.1",
  logger: createSilentLogger(),
  app: { fetch: () => new Response(LARGE) },
  limits: { clientRooms: 100 },
  rooms: {
    bench: { name: "Bench", events: [{ name: "message" }], defaultSubscriptions: ["message"] },
    attacked: {
      name: "Attacked",
      events: [{ name: "message", history: { enabled: true, limit: 1_000 } }],
      defaultSubscriptions: ["message"],
    },
  },
  hooks: {
    authenticate: ({ authData }) => Ok({ jwt: { sub: authData?.userId ?? "somebody" } }),
    clients: { onJoined: observe, onLeft: observe },
    events: { afterEach: observe },
  },
});
await dialogue.start();
if (process.argv.includes("--blocked")) block();
say({ port: dialogue.port });
onTold(async () => {
  await collect();
  say({ collected: seen });
});
