// What a small request through Hono costs, beside @hono/node-server on Node and Bun.serve on Bun; and whether socket events notice. See
// README.md.
import { parseArgs } from "node:util";
import { compareBeside } from "./beside.mjs";
import { cpuMicroseconds, median } from "./process-usage.mjs";
import { Program } from "./program.mjs";
import { here, subjectsOf } from "./subjects.mjs";

const { values: options } = parseArgs({
  options: {
    connections: { type: "string", default: "50" },
    runs: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    // Requests per second while events are timed: a server that is busy, not one that is drowned.
    rate: { type: "string", default: "1000" },
    eventSeconds: { type: "string", default: "8" },
    part: { type: "string", default: "requests,events" },
    servers: { type: "string", default: "dialogue-rs,socket.io" },
  },
});
const runs = Number(options.runs);
const milliseconds = Number(options.seconds) * 1_000;
const eventMilliseconds = Number(options.eventSeconds) * 1_000;
const peers = { node: "node-server", bun: "bun-serve" };
const subjects = [
  ...subjectsOf("node-server", "node"),
  ...subjectsOf("bun-serve", "bun"),
  ...subjectsOf("dialogue-rs", "node,bun"),
];

/** Requests per second of the server's CPU. */
async function requests({ server, runtime }) {
  const serving = new Program(runtime.path, here(`servers/${server}.mjs`));
  const load = new Program(process.execPath, here("http-generator.mjs"));
  try {
    const { port } = await serving.line("port");
    load.tell({ port, connections: Number(options.connections) });
    await load.line("connected");
    load.tell({ measure: milliseconds / 2 });
    await load.line("answered", milliseconds + 20_000);
    const before = cpuMicroseconds(serving.pid);
    load.tell({ measure: milliseconds });
    const { answered } = await load.line("answered", milliseconds + 20_000);
    return answered / ((cpuMicroseconds(serving.pid) - before) / 1e6);
  } finally {
    await Promise.all([load.end(), serving.end()]);
  }
}

if (options.part.includes("requests")) await compareRequests();
if (options.part.includes("events")) await compareEvents();

async function compareRequests() {
  const rate = new Map(subjects.map(({ label }) => [label, []]));
  for (let run = 0; run < runs; run++) {
    for (let i = 0; i < subjects.length; i++) {
      const subject = subjects[(i + run) % subjects.length];
      rate.get(subject.label).push(await requests(subject));
    }
  }
  console.log(`GET /health through Hono: requests per second of server CPU (median of ${runs})`);
  for (const { label, server, runtime } of subjects) {
    const own = median(rate.get(label));
    const peer = rate.get(`${peers[runtime.name]} on ${runtime.name}`);
    const ratio = server !== "dialogue-rs" || !peer ? "" : `${(own / median(peer)).toFixed(2)} x`;
    const all = rate.get(label).map(Math.round).join(" ");
    console.log(
      `  ${label.padEnd(22)} ${String(Math.round(own)).padStart(7)}  ${ratio.padStart(8)}   [${all}]`,
    );
  }
}

function compareEvents() {
  const rate = Number(options.rate);
  const asking = { generator: "http-generator.mjs" };
  return compareBeside({
    subjects: subjectsOf(options.servers, "node,bun"),
    runs,
    milliseconds: eventMilliseconds,
    loads: [
      { ...asking, told: `${rate} requests a second`, connections: 10, rate },
      { ...asking, told: "as many as two connections can ask", connections: 2 },
    ],
  });
}
