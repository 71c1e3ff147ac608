// The packed tarball, installed into an empty folder where no Rust is on PATH: does it do what a user expects of it?
//   node __tests__/package/smoke.mjs        ends with `N passed, N failed`
import { execFile, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compareVersions, glibcTarget, MOST_GLIBC, neededGlibc, oldGlibc } from "../../scripts/glibc.mjs";
import { deadLinks, within } from "../../scripts/links.mjs";
import { bun, npm, root, tool } from "../../scripts/run.mjs";
import { viteBuild } from "./vite-build.mjs";

const folder = mkdtempSync(join(tmpdir(), "dialogue-rs-package-"));
const app = join(folder, "app");
const locked = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
const version = (name) => `${name}@${locked[`node_modules/${name}`].version}`;

// Only Node is on PATH: a `cargo` beside it would not be found.
const bin = join(folder, "bin");
mkdirSync(bin);
symlinkSync(process.execPath, join(bin, process.platform === "win32" ? "node.exe" : "node"));
// Nor does the npm below inherit where the npm above works.
const inherited = Object.entries(process.env).filter(
  ([name]) => !/^npm_(package|lifecycle|config_local)/.test(name),
);
const environment = { ...Object.fromEntries(inherited), PATH: bin, NODE_OPTIONS: "", NODE_PATH: "" };

let passed = 0;
let failed = 0;
let tarball = "";
let contents = [];

try {
  await check("npm pack", async () => {
    const output = await run([...npm(), "pack", "--json", "--pack-destination", folder], root);
    const packed = Object.values(JSON.parse(output))[0];
    tarball = join(folder, packed.filename);
    contents = packed.files.map(({ path }) => path);
  });
  await check("the tarball holds what is used, and nothing else", () => {
    const wanted = [
      "package.json",
      "README.md",
      "LICENSE",
      "CHANGELOG.md",
      "dist/index.js",
      "dist/index.cjs",
      "dist/browser.js",
      "dist/client/index.js",
      "dist/client/index.cjs",
      "dist/socket-io/index.js",
      "dist/socket-io/index.cjs",
    ];
    for (const name of ["index", "client", "socket-io", "events", "options", "rooms"])
      wanted.push(`${name}.d.ts`, `${name}.d.cts`);
    wanted.push("binding.cjs", "binding.d.cts", "binding-loader.js");
    // The pages that declarations send their readers to.
    for (const name of ["index", "client", "socket-io", "events", "options", "rooms"]) {
      const pages = readFileSync(join(root, `${name}.d.ts`), "utf8").match(/docs\/[\w-]+\.md/g) ?? [];
      wanted.push(...pages);
    }
    // The examples that the pages name.
    wanted.push("docs/chat.png", "examples/readme/events.mjs", "examples/readme/typed-client.ts");
    for (const name of ["chat", "http", "readme", "socket-io"]) wanted.push(`examples/${name}/server.mjs`);
    const missing = wanted.filter((path) => !contents.includes(path));
    if (!contents.some((path) => path.endsWith(".node"))) missing.push("*.node");
    const allowed = new Set(wanted);
    const extra = contents.filter(
      (path) =>
        !allowed.has(path) &&
        !/^dist\/.*\.js$|\.node$|^docs\/[\w-]+\.md$|^examples\/(chat|readme)\//.test(path),
    );
    if (missing.length + extra.length > 0) throw new Error(`missing: ${missing}; not expected: ${extra}`);
  });
  const installed = await check("npm install into an empty folder", async () => {
    cpSync(join(dirname(fileURLToPath(import.meta.url)), "program"), app, { recursive: true });
    writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
    const packages = [tarball, version("zod"), version("@types/node")];
    const quiet = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
    await run([...npm(), "install", ...quiet, ...packages], app);
  });
  if (installed) {
    await check("no Rust is on PATH", async () => {
      const found = await run(["cargo", "--version"], app).then(
        () => true,
        () => false,
      );
      if (found) throw new Error("cargo was found");
    });
    await check("import on Node: a server starts and a client connects", () =>
      program([process.execPath, "import.mjs"]),
    );
    await check("require on Node: the same, and one DialogueError", () =>
      program([process.execPath, "require.cjs"]),
    );
    await check("every link of a page leads to a file of the package", () => {
      const folder = join(app, "node_modules", "dialogue-rs");
      const pages = contents.filter((path) => path.endsWith(".md"));
      const dead = deadLinks(folder, pages, within(contents));
      if (pages.length < 10 || dead.length > 0) throw new Error(dead.join("\n"));
    });
    await check("an example runs where it was installed", () => exampleRuns());
    await check("import on Bun", () => program([bun(), "import.mjs"]));
    await check("require on Bun", () => program([bun(), "require.cjs"]));
    await check("package.json can be required and imported, and engines leaves out who cannot require", () =>
      packageJson(),
    );
    if (isForOldGlibc()) {
      await check(`the packed binary needs glibc ${MOST_GLIBC} at most`, () => needsOldGlibc());
      await check(`the packed binary loads with glibc ${MOST_GLIBC}`, () => loadsWithOldGlibc());
    } else console.log("skipped the symbols of the packed binary: build:dist has not built it");
    await check("the types compile", () => run([...tool("typescript", "bin/tsc"), "-p", "."], app));
    await check("the types compile without Zod, those of the client without Node's too", () => typesAlone());
    await check("a Vite build of the client: under 9 KB, no server in it", () => pageIsSmall());
    await check("without a binary, import says what is wrong", () => withoutBinary());
  }
  await check("publint", () => run([...tool("publint", "src/cli.js"), tarball, "--strict"], folder));
  await check("attw", () => {
    const options = ["--profile", "node16", "--no-color", "--no-emoji"];
    return run([...tool("@arethetypeswrong/cli", "dist/index.js"), tarball, ...options], folder);
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

async function check(name, work) {
  try {
    await work();
    passed += 1;
    console.log(`ok     ${name}`);
    return true;
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}\n${error.message}`);
    return false;
  }
}

/** Runs a program to its own end; its output, or an error with all it wrote. */
function run([file, ...args], cwd) {
  return new Promise((resolve, reject) => {
    execFile(
      file,
      args,
      { cwd, env: environment, timeout: 180_000, maxBuffer: 64 << 20 },
      (error, out, err) => {
        if (error)
          reject(new Error(`${file} ${args.join(" ")}: ${error.signal ?? error.code}\n${out}${err}`));
        else resolve(out);
      },
    );
  });
}

async function program(command) {
  const output = await run(command, app);
  if (!output.includes("a client was connected")) throw new Error(`it ended early:\n${output}`);
}

/** The chat of the package: it says where it is, and gives out its page and the client that the page imports. */
async function exampleRuns() {
  const file = join(app, "node_modules", "dialogue-rs", "examples", "chat", "server.mjs");
  const child = spawn(process.execPath, [file], { cwd: app, env: { ...environment, PORT: "0" } });
  try {
    const url = await new Promise((resolve, reject) => {
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (text) => {
          output += text;
          const [, found] = /Open (http:\S+)\/ /.exec(output) ?? [];
          if (found) resolve(found);
        });
      child.once("close", () => reject(new Error(`it ended early:\n${output}`)));
    });
    for (const path of ["/", "/dialogue-rs/client/index.js", "/socket.io-client/socket.io.esm.min.js"]) {
      const { status } = await fetch(url + path);
      if (status !== 200) throw new Error(`${path}: ${status}`);
    }
  } finally {
    child.kill("SIGKILL");
  }
}

/** Whether the binary at hand was built to load with an old glibc. */
function isForOldGlibc() {
  const stamp = join(root, "target", "stamps", "native.json");
  return (
    glibcTarget() !== undefined && existsSync(stamp) && "glibc" in JSON.parse(readFileSync(stamp, "utf8"))
  );
}

function packedBinary() {
  return join(app, "node_modules", "dialogue-rs", `dialogue-rs.linux-${process.arch}-gnu.node`);
}

function needsOldGlibc() {
  const needed = neededGlibc(packedBinary());
  if (needed.length === 0 || compareVersions(needed.at(-1), MOST_GLIBC) > 0)
    throw new Error(`it needs glibc ${needed}`);
}

/** With that glibc itself, which came with the compiler. */
async function loadsWithOldGlibc() {
  const target = glibcTarget();
  const compiler = (await oldGlibc(target))[`CC_${target.replaceAll("-", "_")}`];
  const loads = join(folder, "loads");
  const source = join(dirname(fileURLToPath(import.meta.url)), "loads.c");
  await run([compiler, source, "-o", loads, "-ldl"], folder);
  const libraries = join(dirname(dirname(compiler)), target, "sysroot", "lib");
  const linker = join(libraries, `ld-${MOST_GLIBC}.so`);
  const output = await run([linker, "--library-path", libraries, loads, packedBinary()], folder);
  if (!output.startsWith(`glibc ${MOST_GLIBC}: loaded`)) throw new Error(output);
}

async function packageJson() {
  const required = 'console.log(require("dialogue-rs/package.json").engines.node)';
  const imported =
    'import json from "dialogue-rs/package.json" with { type: "json" }; console.log(json.engines.node)';
  for (const runtime of [process.execPath, bun()]) {
    for (const [name, text] of [
      ["engines.cjs", required],
      ["engines.mjs", imported],
    ]) {
      writeFileSync(join(app, name), text);
      const engines = (await run([runtime, name], app)).trim();
      // Node 21 and 22.0 to 22.11 have no `require` of ES modules.
      if (engines !== "^20.19.0 || >=22.12.0") throw new Error(`${runtime} ${name}: engines are ${engines}`);
    }
  }
}

async function pageIsSmall() {
  const { size, modules, code } = await viteBuild(app, "page.js");
  if (size >= 9 * 1024) throw new Error(`${size} bytes after gzip`);
  const shared = [
    "browser",
    "define-event",
    "errors",
    "fields",
    "issues",
    "protocol",
    "result",
    "schema/at-once",
    "thenable",
  ];
  const server = modules.filter(
    (id) => !/^dist\/client\/[\w-]+\.js$/.test(id) && !shared.includes(/^dist\/([\w/-]+)\.js$/.exec(id)?.[1]),
  );
  if (server.length > 0) throw new Error(`it has ${server}`);
  if (!modules.includes("dist/client/create-client.js")) throw new Error(`no client is in it: ${modules}`);
  if (/node:|createRequire|binding/.test(code)) throw new Error("it asks for Node");
}

/** What is an optional peer is not installed. */
async function typesAlone() {
  const alone = join(folder, "alone");
  cpSync(app, alone, { recursive: true });
  rmSync(join(alone, "node_modules", "zod"), { recursive: true });
  await run([...tool("typescript", "bin/tsc"), "-p", "alone.json"], alone);
  for (const name of ["@types", "undici-types"])
    rmSync(join(alone, "node_modules", name), { recursive: true });
  await run([...tool("typescript", "bin/tsc"), "-p", "page-alone.json"], alone);
}

async function withoutBinary() {
  const bare = join(folder, "bare");
  cpSync(app, bare, { recursive: true });
  const installed = join(bare, "node_modules", "dialogue-rs");
  for (const name of readdirSync(installed).filter((name) => name.endsWith(".node")))
    rmSync(join(installed, name));
  for (const runtime of [process.execPath, bun()]) {
    const output = await run([runtime, "without-binary.mjs"], bare);
    for (const part of ["DIALOGUE_NO_BINARY", process.platform, process.arch, "npm run build:dist"]) {
      if (!output.includes(part)) throw new Error(`the error does not say ${part}:\n${output}`);
    }
  }
}
