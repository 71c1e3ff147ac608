// Holds the code in README.md equal to the programs under examples/readme/, which the tests run.
// A block is preceded by a line `<!-- code: examples/readme/server.mjs -->`.
//   node scripts/readme.mjs            exits with 1 where they differ
//   node scripts/readme.mjs --write    writes the programs into README.md
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.mjs";

const path = join(root, "README.md");
const readme = readFileSync(path, "utf8");
let blocks = 0;

const expected = readme.replace(/<!-- code: (\S+) -->\n```(\w+)\n[\s\S]*?\n```/g, (_, file, language) => {
  blocks += 1;
  const code = readFileSync(join(root, file), "utf8").trimEnd();
  return `<!-- code: ${file} -->\n\`\`\`${language}\n${code}\n\`\`\``;
});

if (process.argv.includes("--write")) {
  writeFileSync(path, expected);
} else if (blocks === 0 || expected !== readme) {
  console.error("README.md differs from examples/readme/; run: npm run readme");
  process.exitCode = 1;
}
