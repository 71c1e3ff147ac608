// What an echo through a JavaScript listener costs: `dialogue-rs/socket.io` beside npm's socket.io, interleaved. See README.md.
import { parseArgs } from "node:util";
import { cpuMicroseconds, median, voluntarySwitches } from "./process-usage.mjs";
import { Program } from "./program.mjs";
import { here, subjectsOf } from "./subjects.mjs";

const { values: options } = parseArgs({
  options: {
    runs: { type: "string", default: "4" },
    seconds: { type: "string", default: "4" },
    connections: { type: "string", default: "50" },
    "in-flight": { type: "string", default: "8" },
    rates: { type: "string", default: "10000" },
    servers: { type: "string", default: "socket.io,dialogue-rs" },
    runtimes: { type: "string", default: "node,bun" },
    before: { type: "string" },
  },
});
const milliseconds = Number(options.seconds) * 1_000;
const connections = Number(options.connections);
const subjects = subjectsOf(options.servers, options.runtimes).flatMap((subject) => {
  if (!options.before || subject.server !== "dialogue-rs") return [subject];
  return [subject, { ...subject, label: `${subject.label}, before`, args: [`--package=${options.before}`] }];
});

const loads = [
  { told: `${options["in-flight"]} in flight`, inFlight: Number(options["in-flight"]) },
  ...options.rates
    .split(",")
    .map(Number)
    .filter(Boolean)
    .map((rate) => ({ told: `${rate} a second`, rate })),
];
for (const load of loads) {
  const samples = subjects.map(() => []);
  for (let run = 0; run < Number(options.runs); run++) {
    for (let i = 0; i < subjects.length; i++) {
      const turn = (i + run) % subjects.length;
      samples[turn].push(await measure(subjects[turn], load));
    }
  }
  console.log(
    `\n${connections} connections, ${load.told}: µs of CPU an echo | voluntary switches per 1,000 | p50 | p99 (ms)`,
  );
  for (const [i, { label }] of subjects.entries()) {
    const of = (name) => median(samples[i].map((sample) => sample[name])).toFixed(2);
    const all = samples[i].map(({ cpu }) => cpu.toFixed(1)).join(" ");
    console.log(
      `  ${label.padEnd(30)} ${of("cpu")} | ${of("switches")} | ${of("p50")} | ${of("p99")}   [${all}]`,
    );
  }
}

async function measure({ server, runtime, args = [] }, { inFlight, rate }) {
  const serving = new Program(runtime.path, here(`servers/echo-${server}.mjs`), [], args);
  const load = new Program(process.execPath, here("echo-generator.mjs"));
  try {
    const { port } = await serving.line("port");
    load.tell({ port, connections });
    await load.line("connected");
    load.tell({ measure: milliseconds / 4, inFlight, rate });
    await load.line("echoes", 60_000);
    const cpu = cpuMicroseconds(serving.pid);
    const switches = voluntarySwitches(serving.pid);
    load.tell({ measure: milliseconds, inFlight, rate });
    const { echoes, p50, p99 } = await load.line("echoes", 60_000 + milliseconds);
    if (rate && echoes < (rate * milliseconds * 0.95) / 1_000) throw new Error("the rate was not kept");
    return {
      cpu: (cpuMicroseconds(serving.pid) - cpu) / echoes,
      switches: ((voluntarySwitches(serving.pid) - switches) * 1_000) / echoes,
      p50,
      p99,
    };
  } finally {
    await Promise.all([load.end(), serving.end()]);
  }
}
