// What is measured: every server on every runtime that is there.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Subjects of comma-separated lists of servers and runtimes. */
export function subjectsOf(servers, runtimes) {
  const present = runtimes
    .split(",")
    .map((name) => ({ name, path: name === "bun" ? bunPath() : process.execPath }))
    .filter(({ name, path }) => path !== undefined || console.error(`${name} is not installed: left out`));
  return servers
    .split(",")
    .flatMap((server) =>
      present.map((runtime) => ({ server, runtime, label: `${server} on ${runtime.name}` })),
    );
}

function bunPath() {
  const local = here("../node_modules/bun/bin/bun.exe");
  if (existsSync(local)) return local;
  try {
    return execFileSync("sh", ["-c", "command -v bun"]).toString().trim();
  } catch {
    return undefined;
  }
}
