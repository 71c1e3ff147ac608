// `npm test`: installs, builds, runs everything, and ends with one line `N passed, N failed`.
//   npm test -- rust node        only these sections
//   npm test -- --long           the full counts of the tests that are scaled down by default, and the sections node24 and dist
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BuildError, buildNative, buildTypeScript, install } from "./build.mjs";
import { installChromium } from "./chromium.mjs";
import { bun, duration, npm, reports, root, run, tool } from "./run.mjs";

const NODE_24 = "24.21.0";
const STEP_LIMIT = 30 * 60_000;

/** What each section does. `addon`: it needs the native addon. `extra`: only by name or with --long. */
const sections = {
  lint: { steps: lint },
  types: { steps: types },
  docs: { steps: docs, addon: true },
  node: { steps: () => vitest("node", process.execPath), addon: true },
  bun: { steps: bunTest, addon: true },
  browser: { steps: browser, addon: true },
  package: { steps: packageSmoke, addon: true },
  rust: { steps: rust },
  node24: { steps: node24, addon: true, extra: true },
  dist: { steps: dist, addon: true, extra: true },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { long: { type: "boolean", default: false } },
});
const unknown = positionals.filter((name) => !(name in sections));
if (unknown.length > 0) {
  console.error(`no such section: ${unknown.join(", ")}; there are: ${Object.keys(sections).join(", ")}`);
  process.exit(2);
}
const chosen = Object.keys(sections).filter((name) =>
  positionals.length > 0 ? positionals.includes(name) : values.long || !sections[name].extra,
);

const environment = {
  NO_COLOR: "1",
  FORCE_COLOR: undefined,
  ...(values.long && { DIALOGUE_TEST_LONG: "1" }),
};
const total = { passed: 0, failed: 0, skipped: 0 };
/** What failed, in a few lines each: a long output may be shown in part, and this is at its end. */
const failures = [];
const begun = performance.now();
mkdirSync(reports, { recursive: true });

const ready = await build(chosen.some((name) => sections[name].addon));
for (const name of chosen) {
  if (sections[name].addon && !ready.addon) {
    console.log(`  skipped ${name}: there is no build to test`);
    continue;
  }
  await sections[name].steps();
}

for (const failure of failures) console.log(failure);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`in ${duration(begun)}; logs are in target/reports`);
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 ? 1 : 0;

async function build(withAddon) {
  const log = (name) => ({ log: `build-${name}.log`, timeout: STEP_LIMIT });
  const packages = await step("install packages", () => install(log("packages")));
  if (!packages) return { addon: false };

  let addon = false;
  if (withAddon) {
    const generated = ["binding.cjs", "binding.d.cts"].map((name) => join(root, name));
    const read = () => generated.map((path) => existsSync(path) && readFileSync(path, "utf8"));
    const before = read();
    addon = await step("build the native addon", () => buildNative(log("native")));
    if (addon) {
      await step("the generated binding is the committed one", () => {
        const after = read();
        if (after.some((text, index) => text !== before[index])) {
          throw new BuildError("the build changed binding.cjs or binding.d.cts: commit them");
        }
      });
    }
  }
  const typescript = await step("build ts/", () => buildTypeScript(log("typescript")));
  return { addon: addon && typescript };
}

async function lint() {
  await check("cargo fmt", ["cargo", "fmt", "--all", "--check"]);
  await check("cargo fmt, fuzz", ["cargo", "fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]);
  await check("biome", [...tool("@biomejs/biome", "bin/biome"), "check", "--error-on-warnings", "."]);
  await check("README code", [process.execPath, "scripts/readme.mjs"]);
  await step("one version everywhere", sameVersions);
  await check("declarations for require", [process.execPath, "scripts/declarations.mjs"]);
}

async function types() {
  await check("types of tests and benches", [...tool("typescript", "bin/tsc"), "-p", "tsconfig.tests.json"]);
  await check("type tests", [...tool("typescript", "bin/tsc"), "-p", "tsconfig.types.json"]);
  const page = ["-p", "__tests__/types/page"];
  await check("a page's program, without Node's types", [...tool("typescript", "bin/tsc"), ...page]);
  const withoutZod = ["-p", "__tests__/types/without-zod"];
  await check("a program without Zod", [...tool("typescript", "bin/tsc"), ...withoutZod]);
  const theirs = ["-p", "__tests__/types/tsconfig.socket-io.json"];
  await check("a program of Socket.IO, by its own types", [...tool("typescript", "bin/tsc"), ...theirs]);
}

async function docs() {
  await check("the page of limits", [process.execPath, "scripts/limits-page.mjs"]);
  await check("links of pages", [process.execPath, "scripts/links.mjs"]);
  await check("the page and the types of metrics", [process.execPath, "scripts/metrics-page.mjs"]);
}

async function rust() {
  const deny = ["--all-targets", "--quiet", "--", "-D", "warnings"];
  await check("clippy", ["cargo", "clippy", ...deny]);
  await check("clippy, engine alone", ["cargo", "clippy", "--no-default-features", ...deny]);
  await tests("cargo test", ["cargo", "test", "--no-default-features", "--no-fail-fast"], ({ text }) => {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const [, ok, bad, ignored] of text.matchAll(
      /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm,
    )) {
      counts.passed += Number(ok);
      counts.failed += Number(bad);
      counts.skipped += Number(ignored);
    }
    return counts;
  });
}

async function browser() {
  const options = { log: "install-chromium.log", timeout: STEP_LIMIT };
  if (!(await step("Chromium is there", () => installChromium(options)))) return;
  await vitest("browser", process.execPath, ["--config", "vitest.browser.config.ts"]);
}

async function vitest(name, node, options = []) {
  const output = join(reports, `${name}.json`);
  rmSync(output, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${output}`];
  const command = [node, "node_modules/vitest/vitest.mjs", "run", ...options, ...reporters];
  await tests(`vitest on ${name}`, command, () => {
    if (!existsSync(output)) return undefined;
    const result = JSON.parse(readFileSync(output, "utf8"));
    const unloadable = result.testResults.filter(
      (file) => file.status === "failed" && !file.assertionResults.some(({ status }) => status === "failed"),
    );
    return {
      passed: result.numPassedTests,
      failed: result.numFailedTests + unloadable.length,
      skipped: result.numPendingTests + result.numTodoTests,
    };
  });
}

async function bunTest() {
  const output = join(reports, "bun.xml");
  rmSync(output, { force: true });
  const options = ["--timeout", "30000", "--reporter=junit", `--reporter-outfile=${output}`];
  await tests("bun test", [bun(), "test", "./__tests__", ...options], () => {
    const whole = existsSync(output) && /<testsuites [^>]*>/.exec(readFileSync(output, "utf8"))?.[0];
    if (!whole) return undefined;
    const count = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(whole)?.[1] ?? 0);
    const [failed, skipped] = [count("failures"), count("skipped")];
    return { passed: count("tests") - failed - skipped, failed, skipped };
  });
}

async function packageSmoke() {
  await tests("the packed tarball", [process.execPath, "__tests__/package/smoke.mjs"], ({ text }) => {
    const line = /^(\d+) passed, (\d+) failed$/m.exec(text);
    return line && { passed: Number(line[1]), failed: Number(line[2]), skipped: 0 };
  });
}

/** The package as it is published: the tarball with the optimised binary. */
async function dist() {
  const options = { profile: "dist", log: "build-dist.log", timeout: STEP_LIMIT };
  if (await step("build the addon that is published", () => buildNative(options))) await packageSmoke();
}

/** Node 24 from the registry, beside the one that runs this: its own folder, so that no PATH finds it. */
async function node24() {
  const prefix = join(root, "target", "runtimes", `node-${NODE_24}`);
  const kind = process.platform === "win32" ? "win" : process.platform;
  const name = `${kind === "darwin" && process.arch === "arm64" ? "node-bin" : "node"}-${kind}-${process.arch}`;
  const binary = join(prefix, "node_modules", name, "bin", kind === "win" ? "node.exe" : "node");
  if (!existsSync(binary)) {
    mkdirSync(prefix, { recursive: true });
    const options = ["--prefix", prefix, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
    await check("install Node 24", [...npm(), "install", ...options, `${name}@${NODE_24}`]);
  }
  if (existsSync(binary)) await vitest("node24", binary);
}

function sameVersions() {
  const { version, napi } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const wrong = [];
  const expect = (file, found) => {
    if (found !== version) wrong.push(`${file} has ${found}`);
  };
  expect("Cargo.toml", /^version = "(.+)"$/m.exec(readFileSync(join(root, "Cargo.toml"), "utf8"))?.[1]);
  const platforms = readdirSync(join(root, "npm"));
  for (const platform of platforms) {
    const file = `npm/${platform}/package.json`;
    expect(file, JSON.parse(readFileSync(join(root, file), "utf8")).version);
  }
  if (platforms.length !== napi.targets.length) {
    wrong.push(`npm/ has ${platforms.length} folders for ${napi.targets.length} targets`);
  }
  if (wrong.length > 0) throw new BuildError(`package.json has ${version}, but: ${wrong.join("; ")}`);
}

/** Something that passes or throws a BuildError; counts as one. What it resolves with is shown. */
async function step(name, work) {
  const begun = performance.now();
  try {
    const outcome = await work();
    report(name, { passed: 1, failed: 0, skipped: 0 }, begun, typeof outcome === "string" ? outcome : "");
    return true;
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    report(name, { passed: 0, failed: 1, skipped: 0 }, begun, "");
    console.log(tail(error.message));
    failures.push(`FAILED ${name}`, ...error.message.trimEnd().split("\n").slice(-6));
    return false;
  }
}

/** A command that passes with exit code 0; counts as one. */
async function check(name, command) {
  await tests(name, command, ({ code }) => ({
    passed: code === 0 ? 1 : 0,
    failed: code === 0 ? 0 : 1,
    skipped: 0,
  }));
}

/** A command that runs tests; `count` reads how many from what it left. */
async function tests(name, command, count) {
  const begun = performance.now();
  const log = `${name.replace(/\W+/g, "-").toLowerCase()}.log`;
  const outcome = await run(command, { log, env: environment, timeout: STEP_LIMIT });
  const counts = count(outcome) ?? { passed: 0, failed: 0, skipped: 0 };
  // A run that failed without a failing test, or ran none at all, is itself a failure.
  if (counts.failed === 0 && (outcome.code !== 0 || counts.passed === 0)) counts.failed = 1;
  report(name, counts, begun, "");
  if (counts.failed === 0) return;
  console.log(`${tail(outcome.text)}\n    (all of it: target/reports/${log})`);
  failures.push(`FAILED ${name}`, ...failed(outcome.text));
}

function report(name, counts, begun, note) {
  for (const kind of Object.keys(total)) total[kind] += counts[kind];
  const mark = counts.failed > 0 ? "FAILED" : "ok";
  const many = counts.passed + counts.failed + counts.skipped > 1;
  const numbers = many ? ` ${counts.passed} of ${counts.passed + counts.failed},` : "";
  console.log(`  ${mark.padEnd(6)} ${name}:${numbers} ${duration(begun)}${note && `, ${note}`}`);
}

/** The lines that name a failed test, with their neighbours that say why: behind it in Vitest's output, ahead of it in Bun's. */
function failed(text) {
  // Bun names them all again at its end.
  const lines = text
    .split(/^\d+ tests? failed:$/m)[0]
    .split("\n")
    .filter((line) => line.trim() !== "");
  const neighbours = [
    [/^ FAIL {2}/, 0, 14],
    [/^\(fail\) /, -14, 0],
    [/^test .* FAILED$|panicked at /, 0, 4],
  ];
  const shown = new Set();
  for (const [index, line] of lines.entries()) {
    const [, from, to] = neighbours.find(([pattern]) => pattern.test(line)) ?? [];
    for (let near = from; near <= to; near++) shown.add(index + near);
  }
  return lines
    .filter((_, index) => shown.has(index))
    .slice(0, 200)
    .map((line) => `    ${line}`);
}

function tail(text) {
  const lines = text.trimEnd().split("\n");
  const shown = lines.length > 120 ? ["…", ...lines.slice(-120)] : lines;
  return shown.map((line) => `    ${line}`).join("\n");
}
