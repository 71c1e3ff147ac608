// `just fuzz`: every fuzz target for five minutes, one after the other.
//   just fuzz packets jwt        only these targets
//   SECONDS=60 just fuzz         each for a minute
// What is found beside the committed corpus goes to target/fuzz/; an input that fails, to fuzz/artifacts/.
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run.mjs";

/** An input takes milliseconds; one that takes so many seconds is a finding. */
const INPUT_SECONDS = 10;
/** Longer inputs say nothing that these do not. */
const INPUT_BYTES = 4096;

const targets = readdirSync(join(root, "fuzz", "targets")).map((file) => file.replace(/\.rs$/, ""));
const unknown = process.argv.slice(2).filter((name) => !targets.includes(name));
if (unknown.length > 0) {
  console.error(`no such target: ${unknown.join(", ")}; there are: ${targets.join(", ")}`);
  process.exit(2);
}
const chosen = process.argv.length > 2 ? process.argv.slice(2) : targets;
const seconds = Number(process.env.SECONDS || 300);

for (const target of chosen) {
  const found = join(root, "target", "fuzz", target);
  mkdirSync(found, { recursive: true });
  const folders = [found, join(root, "fuzz", "corpus", target)];
  const limits = [`-max_total_time=${seconds}`, `-timeout=${INPUT_SECONDS}`, `-max_len=${INPUT_BYTES}`];
  const command = ["cargo", "fuzz", "run", "-s", "none", target, ...folders, "--", ...limits];
  const log = `fuzz-${target}.log`;
  const { code, text } = await run(command, { log });
  const last = /^#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+)/m.exec(text);
  if (code === 0 && last) {
    console.log(`  ${target}: no finding in ${last[1]} inputs; ${last[2]} edges, ${last[3]} features`);
  } else {
    process.exitCode = 1;
    console.log(`  ${target}: failed\n${text.trimEnd().split("\n").slice(-40).join("\n")}`);
    console.log(`    (all of it: target/reports/${log})`);
  }
}
