// Installs and builds what is stale, and nothing else.
//   node scripts/build.mjs [--profile test-addon|dist] [--own-glibc] [--force] [--only packages|native|typescript]
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { compareVersions, glibcTarget, MOST_GLIBC, neededGlibc, oldGlibc } from "./glibc.mjs";
import { isMain, npm, root, run, tool } from "./run.mjs";

const stamps = join(root, "target", "stamps");
const read = (path) => readFileSync(join(root, path), "utf8");

/**
 * Installs what package-lock.json names, unless every package is there in that version. Not `npm ci`: it refuses a lock file that
 * lacks a binary of some other platform, as one does that was written where that binary could not be had.
 */
export async function install(options = {}) {
  if (installed()) return "unchanged";
  const quiet = ["--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  await must([...npm(), "install", "--no-save", ...quiet], "npm install", options);
  return "installed";
}

function installed() {
  const hidden = "node_modules/.package-lock.json"; // npm writes it last
  if (!existsSync(join(root, hidden))) return false;
  const wanted = JSON.parse(read("package-lock.json")).packages;
  const present = JSON.parse(read(hidden)).packages;
  const asked = JSON.parse(read("package.json"));
  for (const kind of ["dependencies", "devDependencies"]) {
    for (const [name, range] of Object.entries(asked[kind])) {
      if (wanted[""][kind]?.[name] !== range) return false;
    }
  }
  return Object.entries(wanted).every(
    ([path, { version, optional, peer }]) =>
      path === "" || present[path]?.version === version || ((optional || peer) && !present[path]),
  );
}

/**
 * The native addon for this platform. Without a profile any current build will do, and a quick one is made where there
 * is none; `dist` is the optimised one, for what is published or measured: on Linux it loads with an old glibc, unless `ownGlibc` asks for
 * this machine's.
 */
export async function buildNative({ profile, ownGlibc = false, force = false, ...options } = {}) {
  const sources = ["Cargo.toml", "build.rs", "rust-toolchain.toml", ".cargo", "src"];
  const written = ["Cargo.lock", "binding.cjs", "binding.d.cts"]; // inputs that a build may write
  const stamp = readStamp("native");
  const target = profile === "dist" && !ownGlibc ? glibcTarget() : undefined;
  const glibc = target && MOST_GLIBC;
  const fresh =
    stamp?.inputs === digest([...sources, ...written]) &&
    (profile === undefined || (stamp.profile === profile && stamp.glibc === glibc)) &&
    stamp.outputs.every((path) => existsSync(join(root, path)));
  if (fresh && !force) return "unchanged";

  const chosen = profile ?? "test-addon";
  const names = ["--platform", "--js", "binding.cjs", "--dts", "binding.d.cts"];
  const before = digest(sources);
  const env = target && (await compilerFor(target, options));
  await must([...tool("@napi-rs/cli", "dist/cli.js"), "build", ...names, "--profile", chosen], "napi build", {
    ...options,
    ...(env && { env }),
  });
  if (target) checkGlibc();
  // Sources that changed while cargo ran may not be what was built: then the next run builds again.
  if (before === digest(sources)) {
    const outputs = readdirSync(root).filter((name) => name.endsWith(".node"));
    writeStamp("native", { inputs: digest([...sources, ...written]), profile: chosen, glibc, outputs });
  }
  return `built (${chosen})`;
}

async function compilerFor(target, options) {
  try {
    const env = await oldGlibc(target, options);
    if (env) return env;
  } catch (error) {
    throw new BuildError(
      `The compiler for glibc ${MOST_GLIBC} could not be had: ${error.message}\nWith --own-glibc this machine's is used.`,
    );
  }
  throw new BuildError(
    `There is no compiler for glibc ${MOST_GLIBC} here for ${target}. With --own-glibc this machine's is used.`,
  );
}

/** A binary that was linked against a later glibc would not load where it is meant for. */
function checkGlibc() {
  const newest = neededGlibc(join(root, `dialogue-rs.linux-${process.arch}-gnu.node`)).at(-1);
  if (newest !== undefined && compareVersions(newest, MOST_GLIBC) > 0)
    throw new BuildError(`The binary needs glibc ${newest}, and may need ${MOST_GLIBC} at most`);
}

/** ts/ to dist/. */
export async function buildTypeScript({ force = false, ...options } = {}) {
  const inputs = [
    "ts",
    "tsconfig.json",
    "tsconfig.base.json",
    ...["index.d.ts", "client.d.ts", "socket-io.d.ts", "events.d.ts", "options.d.ts", "rooms.d.ts"],
    "binding.d.cts",
  ];
  const stamp = readStamp("typescript");
  const fresh = stamp?.inputs === digest(inputs) && existsSync(join(root, "dist/index.cjs"));
  if (fresh && !force) return "unchanged";
  const before = digest(inputs);
  await must([...tool("typescript", "bin/tsc"), "-p", "tsconfig.json"], "tsc", options);
  // What has lost its source goes.
  for (const path of readdirSync(join(root, "dist"), { recursive: true })) {
    const source = path.replace(/\.(c?)js$/, ".$1ts");
    if (!existsSync(join(root, "ts", source)))
      rmSync(join(root, "dist", path), { recursive: true, force: true });
  }
  writeStamp("typescript", { inputs: before });
  return "built";
}

export class BuildError extends Error {}

async function must(command, name, options) {
  const { code, text } = await run(command, options);
  if (code === 0) return;
  const missing = code === 127 || /cargo.*(not found|ENOENT)|ENOENT.*cargo/.test(text);
  const hint =
    missing && name === "napi build" ? "\nIs Rust installed? dialogue-rs is built with cargo." : "";
  throw new BuildError(`${name} failed (exit code ${code})\n${text}${hint}`);
}

/** One hash over the contents of files and folders, by path; what does not exist counts as that. */
function digest(paths) {
  const hash = createHash("sha256");
  const visit = (path) => {
    const info = statSync(path, { throwIfNoEntry: false });
    hash.update(`\0${relative(root, path)}\0`);
    if (info?.isDirectory()) {
      for (const name of readdirSync(path).sort()) visit(join(path, name));
    } else if (info) {
      hash.update(readFileSync(path));
    }
  };
  for (const path of paths) visit(join(root, path));
  return hash.digest("hex");
}

function readStamp(name) {
  const path = join(stamps, `${name}.json`);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

function writeStamp(name, value) {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(join(stamps, `${name}.json`), JSON.stringify(value));
}

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      profile: { type: "string" },
      "own-glibc": { type: "boolean" },
      force: { type: "boolean" },
      only: { type: "string" },
    },
  });
  const { only, "own-glibc": ownGlibc, ...given } = values;
  const options = { ...given, ownGlibc };
  const parts = { packages: install, native: buildNative, typescript: buildTypeScript };
  if (only !== undefined && !(only in parts))
    throw new Error(`--only: one of ${Object.keys(parts).join(", ")}`);
  try {
    for (const [name, part] of Object.entries(parts)) {
      if (only === undefined || only === name) console.log(`${name}: ${await part(options)}`);
    }
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
