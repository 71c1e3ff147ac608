// Writes docs/metrics.md and the part of index.d.ts about metrics from the engine's own table, so that neither can say what the code does not do.
//   node scripts/metrics-page.mjs            exits with 1 where they differ
//   node scripts/metrics-page.mjs --write    writes both
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "./run.mjs";

const { metricsTable } = createRequire(import.meta.url)("../binding.cjs");
const table = JSON.parse(metricsTable());
const isCode = (row) => row.label === "code";

const row = ({ name, kind, unit, label, parts, help }) => {
  const told = isCode({ label }) ? "each error code" : parts.map((part) => `\`${part}\``).join(", ");
  const by = kind === "histogram" ? `buckets ${parts.join(", ")}` : label && `${label}: ${told}`;
  return `| \`${name}\` | ${kind} | ${unit} | ${by} | ${help} |`;
};

const page = `# Metrics

\`dialogue.metrics()\` gives what the server has counted since it was made, and what it holds now, as a plain object. It works before \`start\` and after
\`stop\`; a counter goes on where it was if the server starts again.

\`\`\`js
const { sessions, output, javascript } = dialogue.metrics();
console.log(sessions.open, output.queuedBytes, javascript.oldestSeconds);
\`\`\`

This page and the types in \`index.d.ts\` are written from the table in the code (\`src/engine/metrics.rs\`) by \`node scripts/metrics-page.mjs --write\`; the tests
compare them.

| number | kind | unit | told apart by | what it means |
| --- | --- | --- | --- | --- |
${table.map(row).join("\n")}

- A *counter* only grows. A *gauge* is how it is now. A *histogram* is \`{ count, sum, buckets: [{ le, count }, …] }\`: how many observations there were, their sum, and
  for each bound how many were at most that.
- A counter with parts is an object: \`sessions.closed.pingTimeout\`.
- Each engine thread counts for itself, and reading adds up. A reading costs the same at 20 clients and at 20,000, and numbers of one reading may be a few events apart.
- Units are those of OpenMetrics: seconds and bytes. Its names follow from these: \`sessions.closed.pingTimeout\` is \`dialogue_sessions_closed_total{reason="pingTimeout"}\`.

## What to look at

| if | then |
| --- | --- |
| \`javascript.oldestSeconds\` or \`javascript.lagSeconds\` grows | the JavaScript thread is busy: listeners, hooks or \`app\` take long |
| \`javascript.dropped.events\` grows | observers (\`afterEach\`, \`onTriggered\`, \`room.on\`) miss events: \`limits.hookQueue\` is reached |
| \`decisions.overdue\` or \`decisions.refused\` grows | deciding hooks are too slow for what clients send |
| \`output.queuedBytes\` grows | clients read more slowly than they are sent to; \`sessions.closed.slowConsumer\` counts those that were closed for it |
| \`sessions.refused.connections\` grows | \`limits.connections\` is reached |
| \`sessions.held\` is not 0 for long | clients send more than JavaScript handles, and the server does not read them meanwhile |
`;

/** A tree of the rows by their names. */
const tree = {};
for (const each of table) {
  const names = each.name.split(".");
  const last = names.pop();
  let place = tree;
  for (const name of names) place = place[name] ??= {};
  place[last] = each;
}

function members(place, indent) {
  return Object.entries(place).flatMap(([name, value]) => {
    const begin = `${indent}readonly ${name}: `;
    if (value.kind === undefined) return [`${begin}{`, ...members(value, `${indent}  `), `${indent}};`];
    const help = [`${indent}/** ${value.kind}, ${value.unit}: ${value.help} */`.replace(/\/\*\* \w/, upper)];
    if (value.kind === "histogram") return [...help, `${begin}MetricsHistogram;`];
    if (isCode(value)) return [...help, `${begin}{ readonly [code in DialogueErrorCode]: number };`];
    if (value.parts.length === 0) return [...help, `${begin}number;`];
    const parts = value.parts.map((part) => `${indent}  readonly ${part}: number;`);
    return [...help, `${begin}{`, ...parts, `${indent}};`];
  });
}

function upper(text) {
  return text.toUpperCase();
}

const HEADING = "// ---------------------------------------------------------------- metrics\n";
const types = `${HEADING}// Written by scripts/metrics-page.mjs from the engine's table.

/** How observations are distributed. */
export interface MetricsHistogram {
  /** How many there were. */
  readonly count: number;
  /** Their sum, in the unit of the number. */
  readonly sum: number;
  /** For each upper bound \`le\`, in ascending order: how many were at most that. */
  readonly buckets: readonly { readonly le: number; readonly count: number }[];
}

/** What {@link Dialogue.metrics} gives. Counters grow from 0, for as long as the Dialogue is there; gauges are how it is now. */
export interface Metrics {
${members(tree, "  ").join("\n")}
}

`;

const path = join(root, "docs", "metrics.md");
const declarations = join(root, "index.d.ts");
const old = readFileSync(declarations, "utf8");
const begin = old.indexOf(HEADING);
const end = old.indexOf("// -----", begin + HEADING.length);
const declared = old.slice(0, begin) + types + old.slice(end);

if (process.argv.includes("--write")) {
  writeFileSync(path, page);
  writeFileSync(declarations, declared);
} else if (!existsSync(path) || readFileSync(path, "utf8") !== page || old !== declared) {
  console.error(
    "docs/metrics.md or index.d.ts differ from the engine's table; run: node scripts/metrics-page.mjs --write",
  );
  process.exitCode = 1;
}
