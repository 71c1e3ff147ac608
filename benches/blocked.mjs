// How long an event takes from client to client while the server's JavaScript is blocked for 50 of every 100 ms, and no hook wants it:
// dialogue-rs beside socket.io. See README.md.
import { parseArgs } from "node:util";
import { median } from "./process-usage.mjs";
import { Program } from "./program.mjs";
import { here, subjectsOf } from "./subjects.mjs";

const { values: options } = parseArgs({
  options: {
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "5" },
    servers: { type: "string", default: "socket.io,dialogue-rs" },
    runtimes: { type: "string", default: "node,bun" },
  },
});
const subjects = subjectsOf(options.servers, options.runtimes);
const milliseconds = Number(options.seconds) * 1_000;

async function measure({ server, runtime }) {
  const serving = new Program(runtime.path, here(`servers/${server}.mjs`), [], ["--blocked"]);
  const load = new Program(process.execPath, here("latency-generator.mjs"));
  try {
    const { port } = await serving.line("port");
    load.tell({ port, room: "bench" });
    await load.line("joined");
    load.tell({ measure: milliseconds });
    const { latencies } = await load.line("latencies", milliseconds + 20_000);
    latencies.sort((a, b) => a - b);
    return latencies[Math.floor(latencies.length * 0.99)];
  } finally {
    await Promise.all([load.end(), serving.end()]);
  }
}

const samples = new Map(subjects.map(({ label }) => [label, []]));
for (let run = 0; run < Number(options.runs); run++) {
  for (const subject of subjects) samples.get(subject.label).push(await measure(subject));
}
console.log(
  `JavaScript blocked for 50 of every 100 ms: p99 from client to client (ms, median of ${options.runs})`,
);
for (const { label, server, runtime } of subjects) {
  const own = median(samples.get(label));
  const peer = samples.get(`socket.io on ${runtime.name}`);
  const ratio = server === "socket.io" || !peer ? "" : `${(median(peer) / own).toFixed(0)} x less`;
  const all = samples.get(label).map((value) => value.toFixed(2));
  console.log(
    `  ${label.padEnd(22)} ${own.toFixed(2).padStart(7)}  ${ratio.padStart(10)}   [${all.join(" ")}]`,
  );
}
