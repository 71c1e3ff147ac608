// Finds Chromium for the browser tests and the screenshot; the test command installs Debian's where there is none.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { BuildError } from "./build.mjs";
import { run } from "./run.mjs";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Where Chromium is: what CHROMIUM names, or the first of its usual names on PATH. */
export function findChromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isProgram);
}

/** Installs it where it is missing and this user may: tests that were left out would look like tests that passed. */
export async function installChromium(options = {}) {
  if (findChromium()) return "unchanged";
  if (process.platform !== "linux" || process.getuid() !== 0) throw new BuildError(missing);
  // Lists that are missing or old are why the first attempt may fail.
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const wanted = ["apt-get", "install", "-y", "--no-install-recommends", "chromium"];
  let outcome;
  for (const command of [wanted, ["apt-get", "update"], wanted]) {
    outcome = await run(command, { ...options, env });
    if (findChromium()) return "installed";
  }
  throw new BuildError(`${missing}\n${outcome.text}`);
}

const missing = `The browser tests need Chromium, and none of ${NAMES.join(", ")} is on PATH.
On Debian: apt-get install -y chromium. Anywhere else: set CHROMIUM to its path.`;

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
