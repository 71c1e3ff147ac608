// How long events take to those who read when a tenth of the room does not, beside the same room where everyone reads. See README.md.
import { parseArgs } from "node:util";
import { median, residentBytes } from "./process-usage.mjs";
import { Program } from "./program.mjs";
import { here, subjectsOf } from "./subjects.mjs";

const { values: options } = parseArgs({
  options: {
    clients: { type: "string", default: "1000" },
    stalled: { type: "string", default: "100" },
    every: { type: "string", default: "100" },
    bytes: { type: "string", default: "8000" },
    "send-buffer": { type: "string", default: "262144" },
    runs: { type: "string", default: "5" },
    seconds: { type: "string", default: "10" },
    servers: { type: "string", default: "dialogue-rs" },
    runtimes: { type: "string", default: "node,bun" },
  },
});
const number = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, Number(value)]));
const subjects = subjectsOf(options.servers, options.runtimes);
const readers = number.clients - number.stalled;

/** One server and its 900, and `runs` times a hundred who first read and then do not: the two are measured one right after the other. */
async function measure({ server, runtime, label }) {
  const sendBuffer = `--send-buffer=${options["send-buffer"]}`;
  const serving = new Program(runtime.path, here(`servers/${server}.mjs`), [], [sendBuffer]);
  const reading = new Program(process.execPath, here("stalled-generator.mjs"));
  const { port } = await serving.line("port");
  const said = async (milliseconds) => {
    reading.tell({ measure: milliseconds, every: number.every, bytes: number.bytes });
    const { delivered, said, p50, p99 } = await reading.line("delivered", milliseconds + 20_000);
    if (delivered !== said * readers)
      throw new Error(`${label}: ${delivered} deliveries of ${said} events to ${readers}`);
    return { p50, p99, resident: residentBytes(serving.pid) };
  };
  const join = async (program, clients) => {
    program.tell({ port, room: "bench", clients });
    await program.line("joined");
  };
  try {
    await join(reading, readers);
    // What compiles as it runs has run.
    await said(2_000);
    for (let run = 0; run < number.runs; run++) {
      // A process of their own: what the others' has to do is the same either way.
      const stalling = new Program(process.execPath, here("stalled-generator.mjs"));
      try {
        await join(stalling, number.stalled);
        none.get(label).push(await said(number.seconds * 1_000));
        stalling.tell({ stall: true });
        await stalling.line("stalled");
        const sample = await said(number.seconds * 1_000);
        stalling.tell({ count: true });
        some.get(label).push({ ...sample, ...(await stalling.line("closed")) });
      } finally {
        await stalling.end();
      }
    }
  } finally {
    await Promise.all([reading.end(), serving.end()]);
  }
}

const [none, some] = [1, 2].map(() => new Map(subjects.map(({ label }) => [label, []])));
for (const subject of subjects) await measure(subject);
const show = (values, digits) => values.map((value) => value.toFixed(digits)).join(" ");
console.log(
  `${number.stalled} of ${number.clients} stop reading: how long an event takes to the ${readers} others (ms, median of ${number.runs})`,
);
for (const { label } of subjects) {
  const [reads, stalls] = [none.get(label), some.get(label)];
  const of = (list, name) => median(list.map((sample) => sample[name]));
  console.log(
    `  ${label}: p99 ${(of(stalls, "p99") / of(reads, "p99")).toFixed(2)} times that of a room where everyone reads`,
  );
  for (const [name, list] of [
    ["everyone reads", reads],
    [`${number.stalled} stalled`, stalls],
  ]) {
    const p99s = list.map((sample) => sample.p99);
    const resident = (of(list, "resident") / 2 ** 20).toFixed(0);
    console.log(
      `    ${name.padEnd(14)} p50 ${of(list, "p50").toFixed(2).padStart(7)}  p99 ${of(list, "p99").toFixed(2).padStart(7)}   [${show(p99s, 2)}]  resident ${resident} MiB`,
    );
  }
  console.log(`    closed by the server: ${stalls.map(({ closed }) => closed).join(" ")}`);
}
