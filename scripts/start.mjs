// `npm start`: installs and builds what is stale, then runs the chat example until it is told to stop.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { BuildError, buildNative, buildTypeScript, install } from "./build.mjs";
import { duration, environment, root } from "./run.mjs";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`dialogue-rs needs Node 20.19 or later; this is ${process.version}`);
  process.exit(1);
}

const steps = [
  ["packages", install],
  ["native addon", buildNative],
  ["typescript", buildTypeScript],
];
for (const [name, step] of steps) {
  const begun = performance.now();
  try {
    const outcome = await step();
    if (outcome !== "unchanged") console.log(`${name}: ${outcome}, ${duration(begun)}`);
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}

const server = spawn(process.execPath, [join(root, "examples/chat/server.mjs")], {
  stdio: "inherit",
  env: environment,
});
// Ctrl-C reaches the server by itself, as a member of the terminal's group; SIGTERM is handed on. Either way this
// process outlives the server, so that its last words are seen.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => server.kill("SIGTERM"));
server.once("exit", (code, signal) => {
  process.exitCode = code ?? (signal ? 1 : 0);
});
