// Whether those who talk notice one client that asks at full speed, and is refused. See README.md.
import { parseArgs } from "node:util";
import { compareBeside } from "./beside.mjs";
import { subjectsOf } from "./subjects.mjs";

const { values: options } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    seconds: { type: "string", default: "8" },
    servers: { type: "string", default: "dialogue-rs" },
    runtimes: { type: "string", default: "node,bun" },
  },
});

await compareBeside({
  subjects: subjectsOf(options.servers, options.runtimes),
  // Twice what is said in a second: those who talk stay below it.
  args: ["--rate=400"],
  runs: Number(options.runs),
  milliseconds: Number(options.seconds) * 1_000,
  loads: [{ generator: "flood-generator.mjs", told: "one client at full speed", connections: 1 }],
});
