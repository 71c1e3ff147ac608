// What events cost that JavaScript decides and observes, beside a plain socket.io server that runs the same hooks; and whether that
// grows with the number of clients that are connected. See README.md for options and how to read it.
import { parseArgs } from "node:util";
import { cpuMicroseconds, median } from "./process-usage.mjs";
import { Program } from "./program.mjs";
import { here, subjectsOf } from "./subjects.mjs";

const { values: options } = parseArgs({
  options: {
    clients: { type: "string", default: "200" },
    "in-flight": { type: "string", default: "8" },
    runs: { type: "string", default: "4" },
    seconds: { type: "string", default: "4" },
    connected: { type: "string", default: "50,5000" },
    servers: { type: "string", default: "socket.io,dialogue-rs" },
    runtimes: { type: "string", default: "node,bun" },
  },
});
const runs = Number(options.runs);
const milliseconds = Number(options.seconds) * 1_000;
const subjects = subjectsOf(options.servers, options.runtimes);

/** Server CPU and deliveries while `inFlight` broadcasts are outstanding; `others` are connected and silent. */
async function measure({ server, runtime }, clients, inFlight, others = 0) {
  const serving = new Program(runtime.path, here(`servers/${server}.mjs`), [], ["--hooks"]);
  const load = new Program(process.execPath, here("load-generator.mjs"));
  const crowd = new Program(process.execPath, here("load-generator.mjs"));
  try {
    const { port } = await serving.line("port");
    if (others > 0) {
      crowd.tell({ port, clients: others });
      await crowd.line("joined", 120_000);
    }
    load.tell({ port, clients, room: "bench", inFlight });
    await load.line("joined", 120_000);
    load.tell({ warm: milliseconds / 4 });
    await load.line("warm", 60_000);
    const idleBefore = cpuMicroseconds(serving.pid);
    await new Promise((resolve) => setTimeout(resolve, others > 0 ? milliseconds : 0));
    const before = cpuMicroseconds(serving.pid);
    load.tell({ measure: milliseconds });
    const { delivered, broadcasts, elapsed } = await load.line("delivered", 60_000 + milliseconds);
    const idle = others > 0 ? ((before - idleBefore) * elapsed) / milliseconds : 0;
    const cpu = cpuMicroseconds(serving.pid) - before - idle;
    return { perEvent: cpu / broadcasts, perSecondOfCpu: broadcasts / (cpu / 1e6), delivered };
  } finally {
    await Promise.all([load.end(), crowd.end(), serving.end()]);
  }
}

const [clients, inFlight] = [Number(options.clients), Number(options["in-flight"])];
const samples = new Map(subjects.map(({ label }) => [label, []]));
for (let run = 0; run < runs; run++) {
  for (let i = 0; i < subjects.length; i++) {
    const subject = subjects[(i + run) % subjects.length];
    samples.get(subject.label).push((await measure(subject, clients, inFlight)).perSecondOfCpu);
  }
}
console.log(
  `${clients} clients, ${inFlight} in flight: events through hooks per second of server CPU (median of ${runs})`,
);
for (const { label, server, runtime } of subjects) {
  const own = median(samples.get(label));
  const peer = samples.get(`socket.io on ${runtime.name}`);
  const ratio = server === "socket.io" || !peer ? "" : `${(own / median(peer)).toFixed(2)} x`;
  const all = samples.get(label).map(Math.round).join(" ");
  console.log(
    `  ${label.padEnd(22)} ${String(Math.round(own)).padStart(7)}  ${ratio.padStart(8)}   [${all}]`,
  );
}

const counts = options.connected.split(",").map(Number);
console.log(`\n10 clients in the room: server CPU per event (µs, median of ${runs}), by clients connected`);
for (const subject of subjects.filter(({ server }) => server === "dialogue-rs")) {
  const byCount = new Map(counts.map((count) => [count, []]));
  for (let run = 0; run < runs; run++) {
    for (const count of counts) byCount.get(count).push((await measure(subject, 10, 8, count - 10)).perEvent);
  }
  const medians = counts.map((count) => median(byCount.get(count)));
  const growth = ((medians.at(-1) / medians[0] - 1) * 100).toFixed(1);
  const shown = counts.map((count, i) => `${count}: ${medians[i].toFixed(2)}`).join(", ");
  console.log(`  ${subject.label.padEnd(22)} ${shown} (${growth} %)`);
}
