// What a delivered event costs the server, and what an idle connection holds: dialogue-rs beside a plain socket.io server of
// the same wire protocol, on Node and on Bun, interleaved in one run. See README.md for options and how to read it.
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { cpuMicroseconds, median, residentBytes } from "./process-usage.mjs";
import { Program } from "./program.mjs";
import { here, subjectsOf } from "./subjects.mjs";

const { values: options } = parseArgs({
  options: {
    clients: { type: "string", default: "200,1000" },
    "in-flight": { type: "string", default: "1,8" },
    runs: { type: "string", default: "4" },
    seconds: { type: "string", default: "4" },
    idle: { type: "string", default: "3000" },
    servers: { type: "string", default: "socket.io,dialogue-rs" },
    runtimes: { type: "string", default: "node,bun" },
    json: { type: "boolean", default: false },
  },
});
const numbers = (list) => list.split(",").map(Number).filter(Boolean);
const runs = Number(options.runs);
const milliseconds = Number(options.seconds) * 1_000;
const idle = Number(options.idle);

const subjects = subjectsOf(options.servers, options.runtimes);

const open = Number(execFileSync("sh", ["-c", "ulimit -n"]).toString().trim()) || Number.POSITIVE_INFINITY;
const most = Math.max(idle, ...numbers(options.clients));
if (open < most + 200) {
  console.error(
    `${most} clients need about ${most + 200} file descriptors, there are ${open}: raise \`ulimit -n\``,
  );
  process.exit(1);
}

const fanOut = [];
for (const clients of numbers(options.clients)) {
  for (const inFlight of numbers(options["in-flight"])) {
    const samples = new Map(subjects.map(({ label }) => [label, []]));
    for (let run = 0; run < runs; run++) {
      // Each round begins with another subject, so that none always runs on a warm or a hot machine.
      for (let i = 0; i < subjects.length; i++) {
        const subject = subjects[(i + run) % subjects.length];
        samples.get(subject.label).push(await measureFanOut(subject, clients, inFlight));
      }
    }
    fanOut.push({ clients, inFlight, results: summary(samples, (sample) => sample.cpuPerEvent) });
    if (!options.json) printFanOut(fanOut.at(-1));
  }
}

let connections;
if (idle > 0) {
  const samples = new Map(subjects.map(({ label }) => [label, []]));
  for (let run = 0; run < Math.min(runs, 2); run++) {
    for (const subject of subjects) samples.get(subject.label).push(await measureIdle(subject, idle));
  }
  connections = { idle, results: summary(samples, (sample) => sample.bytesPerConnection) };
  if (!options.json) printIdle(connections);
}
if (options.json) console.log(JSON.stringify({ fanOut, connections }, null, 2));

/** Server CPU per delivered event: `inFlight` broadcasts outstanding in one room, ~100 B each, all clients subscribed. */
async function measureFanOut({ server, runtime }, clients, inFlight) {
  const serving = new Program(runtime.path, here(`servers/${server}.mjs`));
  const load = new Program(process.execPath, here("load-generator.mjs"));
  try {
    const { port } = await serving.line("port");
    load.tell({ port, clients, room: "bench", inFlight });
    await load.line("joined", 120_000);
    load.tell({ warm: milliseconds / 4 });
    await load.line("warm", 60_000);
    const cpuBefore = cpuMicroseconds(serving.pid);
    load.tell({ measure: milliseconds });
    const { delivered, broadcasts, elapsed } = await load.line("delivered", 60_000 + milliseconds);
    const cpu = cpuMicroseconds(serving.pid) - cpuBefore;
    if (delivered !== broadcasts * clients)
      throw new Error(`${delivered} deliveries of ${broadcasts} × ${clients}`);
    return { cpuPerEvent: cpu / delivered, eventsPerSecond: delivered / (elapsed / 1_000) };
  } finally {
    await Promise.all([load.end(), serving.end()]);
  }
}

/** What the server holds per connection that is open, connected to the namespace, and says nothing. */
async function measureIdle({ server, runtime }, clients) {
  const serving = new Program(
    runtime.path,
    here(`servers/${server}.mjs`),
    runtime.name === "node" ? ["--expose-gc"] : [],
  );
  const load = new Program(process.execPath, here("load-generator.mjs"));
  try {
    const { port } = await serving.line("port");
    serving.tell({ collect: 1 });
    await serving.line("collected");
    const before = residentBytes(serving.pid);
    load.tell({ port, clients });
    await load.line("joined", 120_000);
    serving.tell({ collect: 2 });
    await serving.line("collected");
    return { bytesPerConnection: (residentBytes(serving.pid) - before) / clients };
  } finally {
    await Promise.all([load.end(), serving.end()]);
  }
}

function summary(samples, measure) {
  return subjects.map(({ server, runtime, label }) => {
    const all = samples.get(label).map(measure);
    return { label, server, runtime: runtime.name, median: median(all), all };
  });
}

/** `socket.io` on the same runtime divided by this one: above 1, it costs less than socket.io does. */
function ratio(results, { server, runtime, median: own }) {
  const other = results.find((result) => result.server === "socket.io" && result.runtime === runtime);
  return server === "socket.io" || !other ? "" : `${(other.median / own).toFixed(2)} x`;
}

function printFanOut({ clients, inFlight, results }) {
  console.log(
    `\n${clients} clients, ${inFlight} in flight: server CPU per delivered event (µs, median of ${runs})`,
  );
  for (const result of results) {
    const all = result.all.map((value) => value.toFixed(2)).join(" ");
    console.log(
      `  ${result.label.padEnd(22)} ${result.median.toFixed(2).padStart(7)}  ${ratio(results, result).padStart(8)}   [${all}]`,
    );
  }
}

function printIdle({ idle: count, results }) {
  console.log(
    `\n${count} idle connections: resident memory per connection (KB, median of ${Math.min(runs, 2)})`,
  );
  for (const result of results) {
    const all = result.all.map((value) => (value / 1_000).toFixed(1)).join(" ");
    console.log(
      `  ${result.label.padEnd(22)} ${(result.median / 1_000).toFixed(1).padStart(7)}  ${ratio(results, result).padStart(8)}   [${all}]`,
    );
  }
}
