// What a small request through Hono costs, beside @hono/node-server on Node and Bun.serve on Bun; and whether socket events notice. See
// README.md.
import { parseArgs } from "node:util";
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

/**
 * The p99 from client to client: alone, or beside requests to the same server, or to another process of the same kind: so many a
 * second, or as many as two connections can ask.
 */
async function events({ server, runtime }, beside) {
  const serving = new Program(runtime.path, here(`servers/${server}.mjs`));
  const other = beside?.elsewhere ? new Program(runtime.path, here(`servers/${server}.mjs`)) : undefined;
  const clients = new Program(process.execPath, here("latency-generator.mjs"));
  const load = new Program(process.execPath, here("http-generator.mjs"));
  try {
    const { port } = await serving.line("port");
    clients.tell({ port, room: "bench" });
    await clients.line("joined");
    if (beside) {
      const asked = other ? (await other.line("port")).port : port;
      load.tell({ port: asked, connections: beside.connections });
      await load.line("connected");
    }
    // Both are warm when it counts.
    for (const measure of [eventMilliseconds / 4, eventMilliseconds]) {
      if (beside) load.tell({ measure: measure + 250, rate: beside.rate });
      clients.tell({ measure });
      const { latencies } = await clients.line("latencies", measure + 20_000);
      const answered = beside && (await load.line("answered")).answered;
      if (beside?.rate && answered < (beside.rate * measure) / 1_000)
        throw new Error("the rate was not kept");
      if (measure === eventMilliseconds) {
        latencies.sort((a, b) => a - b);
        return latencies[Math.floor(latencies.length * 0.99)];
      }
    }
  } finally {
    await Promise.all([load.end(), clients.end(), serving.end(), other?.end()]);
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

async function compareEvents() {
  const rate = Number(options.rate);
  const loads = [
    { told: "alone" },
    { told: `${rate} requests a second`, connections: 10, rate },
    { told: "as many as two connections can ask", connections: 2 },
  ];
  console.log(`\nAn event from client to client: p99 in ms (median of ${runs})`);
  for (const subject of subjectsOf(options.servers, "node,bun")) {
    const cases = loads.flatMap((load) =>
      load.connections
        ? [
            { ...load, elsewhere: true },
            { ...load, elsewhere: false },
          ]
        : [load],
    );
    const samples = cases.map(() => []);
    for (let run = 0; run < runs; run++) {
      for (let i = 0; i < cases.length; i++) {
        const turn = (i + run) % cases.length;
        samples[turn].push(await events(subject, cases[turn].connections ? cases[turn] : undefined));
      }
    }
    const alone = median(samples[0]);
    console.log(`  ${subject.label}`);
    for (const [i, { told, elsewhere }] of cases.entries()) {
      const own = median(samples[i]);
      const what =
        elsewhere === undefined ? told : `${told}, of ${elsewhere ? "another process" : "this server"}`;
      const ratios = [`${(own / alone).toFixed(2)} x alone`];
      if (elsewhere === false) ratios.push(`${(own / median(samples[i - 1])).toFixed(2)} x beside another's`);
      const all = samples[i].map((p99) => p99.toFixed(2)).join(" ");
      console.log(`    ${what.padEnd(60)} ${own.toFixed(2)}  ${i ? ratios.join(", ") : ""}   [${all}]`);
    }
  }
}
