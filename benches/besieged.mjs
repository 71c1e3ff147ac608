// Whether those who talk, and the server's memory, notice an attacker: each attack alone, on a server with its limits at their defaults. See README.md.
import { parseArgs } from "node:util";
import { median, residentBytes } from "./process-usage.mjs";
import { Program } from "./program.mjs";
import { here, subjectsOf } from "./subjects.mjs";

const { values: options } = parseArgs({
  options: {
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "5" },
    clients: { type: "string", default: "500" },
    attacks: { type: "string", default: "events,joins,rooms,lists,connects,auth,tcp,answers" },
    runtimes: { type: "string", default: "node,bun" },
  },
});
const milliseconds = Number(options.seconds) * 1_000;
const MIB = 2 ** 20;

/** The p99 in milliseconds and by how much memory grew at most, in MiB. `elsewhere`: another process of the kind is attacked. */
async function measure({ runtime }, attack, elsewhere) {
  const flags = runtime.name === "node" ? ["--expose-gc"] : [];
  const start = () => new Program(runtime.path, here("servers/besieged.mjs"), flags);
  const serving = start();
  const other = elsewhere ? start() : undefined;
  const clients = new Program(process.execPath, here("latency-generator.mjs"));
  const attacking = new Program(process.execPath, here("attack-generator.mjs"));
  let watching;
  try {
    const { port } = await serving.line("port");
    clients.tell({ port, room: "bench", others: Number(options.clients) - 2 });
    await clients.line("joined", 60_000);
    attacking.tell({ port: other ? (await other.line("port")).port : port, attack });
    await attacking.line("connected");
    // Both are warm when it counts.
    clients.tell({ measure: milliseconds / 4 });
    await clients.line("latencies", milliseconds + 20_000);
    serving.tell({ collect: true });
    await serving.line("collected");
    const before = residentBytes(serving.pid);
    let most = before;
    watching = setInterval(() => {
      most = Math.max(most, residentBytes(serving.pid));
    }, 50);
    attacking.tell({ measure: milliseconds + 500 });
    clients.tell({ measure: milliseconds });
    const { latencies } = await clients.line("latencies", milliseconds + 30_000);
    const { answered } = await attacking.line("answered");
    latencies.sort((a, b) => a - b);
    const expected = Math.floor(milliseconds / 5) * 0.9;
    if (latencies.length < expected / 2) console.error(`  only ${latencies.length} events were timed`);
    return { p99: latencies[Math.floor(latencies.length * 0.99)], grown: (most - before) / MIB, answered };
  } finally {
    clearInterval(watching);
    await Promise.all([attacking.end(), clients.end(), serving.end(), other?.end()]);
  }
}

console.log(
  `\n${options.clients} clients beside an attacker: p99 of an event in ms, growth of memory in MiB`,
);
for (const subject of subjectsOf("besieged", options.runtimes)) {
  console.log(`  on ${subject.runtime.name}`);
  for (const attack of options.attacks.split(",")) {
    const samples = { here: [], elsewhere: [] };
    for (let run = 0; run < Number(options.runs); run++) {
      const order = run % 2 === 0 ? ["here", "elsewhere"] : ["elsewhere", "here"];
      for (const where of order) samples[where].push(await measure(subject, attack, where === "elsewhere"));
    }
    const of = (where, key) => median(samples[where].map((sample) => sample[key]));
    const ratio = of("here", "p99") / of("elsewhere", "p99");
    const grown = Math.max(...samples.here.map((sample) => sample.grown));
    const acts = Math.round(of("here", "answered") / (milliseconds / 1_000));
    console.log(
      `    ${attack.padEnd(10)} ${of("here", "p99").toFixed(2)} ms, of another process ${of("elsewhere", "p99").toFixed(2)}: ${ratio.toFixed(2)} x; memory +${grown.toFixed(1)} MiB; ${acts} acts a second`,
    );
  }
}
