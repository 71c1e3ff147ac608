// `npm run fix`: formats and mends what the tools can mend by themselves.
import { npm, run, tool } from "./run.mjs";

const commands = [
  ["cargo", "fmt"],
  ["cargo", "fmt", "--manifest-path", "fuzz/Cargo.toml"],
  [...tool("@biomejs/biome", "bin/biome"), "check", "--write", "."],
  [process.execPath, "scripts/declarations.mjs", "--write"],
  [...npm(), "run", "--silent", "readme"],
];
for (const command of commands) {
  const { code } = await run(command);
  if (code !== 0) process.exitCode = 1;
}
