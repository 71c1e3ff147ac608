// Whether those who talk notice what else a server has to do: the p99 of an event from client to client, alone and beside a load. The
// same load is also put on another process of the same kind: what that costs is the machine's doing, not the server's.
import { median } from "./process-usage.mjs";
import { Program } from "./program.mjs";
import { here } from "./subjects.mjs";

/**
 * The p99 in milliseconds. `load`: its `generator`, told { port, connections }, says { connected }; told { measure, rate }, it does its
 * work for so long and says { answered }. `elsewhere`: it is told the port of another process.
 */
async function p99({ server, runtime }, args, milliseconds, load) {
  const start = () => new Program(runtime.path, here(`servers/${server}.mjs`), [], args);
  const serving = start();
  const other = load?.elsewhere ? start() : undefined;
  const clients = new Program(process.execPath, here("latency-generator.mjs"));
  const working = load && new Program(process.execPath, here(load.generator));
  try {
    const { port } = await serving.line("port");
    clients.tell({ port, room: "bench" });
    await clients.line("joined");
    if (load) {
      const target = other ? (await other.line("port")).port : port;
      working.tell({ port: target, connections: load.connections });
      await working.line("connected");
    }
    // Both are warm when it counts.
    for (const measure of [milliseconds / 4, milliseconds]) {
      working?.tell({ measure: measure + 250, rate: load.rate });
      clients.tell({ measure });
      const { latencies } = await clients.line("latencies", measure + 20_000);
      const answered = working && (await working.line("answered")).answered;
      if (load?.rate && answered < (load.rate * measure) / 1_000) throw new Error("the rate was not kept");
      if (measure < milliseconds) continue;
      latencies.sort((a, b) => a - b);
      return latencies[Math.floor(latencies.length * 0.99)];
    }
  } finally {
    await Promise.all([working?.end(), clients.end(), serving.end(), other?.end()]);
  }
}

/** Measures each subject alone and beside each load, in turns, and prints it. `args`: the servers'. */
export async function compareBeside({ subjects, args = [], runs, milliseconds, loads }) {
  const cases = [
    { told: "alone" },
    ...loads.flatMap((load) => [true, false].map((elsewhere) => ({ ...load, elsewhere }))),
  ];
  console.log(`\nAn event from client to client: p99 in ms (median of ${runs})`);
  for (const subject of subjects) {
    const samples = cases.map(() => []);
    for (let run = 0; run < runs; run++) {
      for (let i = 0; i < cases.length; i++) {
        const turn = (i + run) % cases.length;
        samples[turn].push(await p99(subject, args, milliseconds, turn > 0 ? cases[turn] : undefined));
      }
    }
    console.log(`  ${subject.label}`);
    const alone = median(samples[0]);
    for (const [i, { told, elsewhere }] of cases.entries()) {
      const own = median(samples[i]);
      const where = elsewhere === undefined ? "" : `, of ${elsewhere ? "another process" : "this server"}`;
      const ratios = i > 0 ? [`${(own / alone).toFixed(2)} x alone`] : [];
      if (elsewhere === false) ratios.push(`${(own / median(samples[i - 1])).toFixed(2)} x beside another's`);
      const all = samples[i].map((one) => one.toFixed(2)).join(" ");
      console.log(`    ${(told + where).padEnd(58)} ${own.toFixed(2)}  ${ratios.join(", ")}   [${all}]`);
    }
  }
}
