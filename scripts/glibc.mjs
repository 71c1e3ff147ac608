// Which glibc a binary needs, and a compiler for an old one.
//   node scripts/glibc.mjs FILE…     what each needs; exit code 1 if that is more than a published binary may need
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isMain, npm, root, run } from "./run.mjs";

/** What a binary that is published may need. Node 20 itself needs 2.28. */
export const MOST_GLIBC = "2.17";

/**
 * GCC with the headers and libraries of glibc 2.17, as napi-rs packs them. By its own version, since `napi build --use-napi-cross` asks for one
 * that the registry does not have for every pair of machines. By machine that it runs on and Rust's name of what it builds for.
 */
const TOOLCHAINS = {
  "linux-x64 x86_64-unknown-linux-gnu": {
    package: "@napi-rs/cross-toolchain-x64-target-x86_64@1.0.0",
    integrity:
      "sha512-lecoghCfoTAX9MLFcIx9/nL9M8xdkZ9n8Pki8qjKUNzjiq1zbECdEbzIZAMMHRtrXxifK9dAyYuh8gSxNbr2og==",
  },
};

/** Rust's name of this machine, where it is Linux with glibc. */
export function glibcTarget() {
  const { glibcVersionRuntime } = process.report.getReport().header;
  if (process.platform !== "linux" || glibcVersionRuntime === undefined) return undefined;
  return { x64: "x86_64-unknown-linux-gnu", arm64: "aarch64-unknown-linux-gnu" }[process.arch];
}

/**
 * The environment in which cargo and the C compiler build for an old glibc; undefined where there is no such compiler for this machine. It is
 * fetched once, into `target/toolchains/`. Throws an error that says what failed.
 */
export async function oldGlibc(target, options = {}) {
  const toolchain = TOOLCHAINS[`${process.platform}-${process.arch} ${target}`];
  if (!toolchain) return undefined;
  const folder = join(root, "target", "toolchains", target);
  if (!existsSync(folder)) await fetchToolchain(toolchain, target, folder, options);
  const tool = (name) => join(folder, "bin", `${target}-${name}`);
  const suffix = target.replaceAll("-", "_");
  return {
    [`CC_${suffix}`]: tool("gcc"),
    [`CXX_${suffix}`]: tool("g++"),
    [`AR_${suffix}`]: tool("ar"),
    [`CARGO_TARGET_${suffix.toUpperCase()}_LINKER`]: tool("gcc"),
  };
}

async function fetchToolchain(toolchain, target, folder, options) {
  mkdirSync(join(root, "target", "toolchains"), { recursive: true });
  const aside = mkdtempSync(`${folder}-`);
  const must = async (what, command) => {
    const { code, text } = await run(command, { ...options, cwd: aside });
    if (code !== 0) throw new Error(`${what} failed (exit code ${code})\n${text}`);
  };
  try {
    await must(`npm pack ${toolchain.package}`, [...npm(), "pack", "--silent", toolchain.package]);
    const archive = `${toolchain.package.replace("@napi-rs/", "napi-rs-").replace(/@(?=[\d.]+$)/, "-")}.tgz`;
    const digest = createHash("sha512")
      .update(readFileSync(join(aside, archive)))
      .digest("base64");
    if (`sha512-${digest}` !== toolchain.integrity) throw new Error(`${archive} is not what it was`);
    await must("tar", ["tar", "-xzf", archive]);
    mkdirSync(join(aside, "unpacked"));
    await must("tar (it needs xz)", ["tar", "-xJf", `package/${target}.tar.xz`, "-C", "unpacked"]);
    // In one step, so that one that was interrupted is not taken for whole.
    renameSync(join(aside, "unpacked"), folder);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/**
 * The versions of glibc that a 64-bit ELF file asks for, oldest first; the dynamic linker refuses to load the file where it does not find
 * them. Read from the file's table of needed versions (`.gnu.version_r`).
 */
export function neededGlibc(path) {
  const file = readFileSync(path);
  if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1)
    throw new Error(`${path} is no little-endian 64-bit ELF file`);
  const sections = sectionsOf(file);
  const table = sections.find(({ type }) => type === VERSION_NEED);
  if (!table) return [];
  const names = sections[table.link];
  const nameAt = (offset) =>
    file.toString("latin1", names.offset + offset, file.indexOf(0, names.offset + offset));
  const found = new Set();
  let library = table.offset;
  for (let left = table.info; left > 0; left--) {
    let version = library + file.readUInt32LE(library + 8);
    for (let count = file.readUInt16LE(library + 2); count > 0; count--) {
      const name = nameAt(file.readUInt32LE(version + 8));
      if (name.startsWith("GLIBC_")) found.add(name.slice("GLIBC_".length));
      version += file.readUInt32LE(version + 12);
    }
    library += file.readUInt32LE(library + 12);
  }
  return [...found].sort(compareVersions);
}

const VERSION_NEED = 0x6ffffffe;

function sectionsOf(file) {
  const start = Number(file.readBigUInt64LE(0x28));
  const [size, count] = [file.readUInt16LE(0x3a), file.readUInt16LE(0x3c)];
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * size;
    return {
      type: file.readUInt32LE(at + 4),
      offset: Number(file.readBigUInt64LE(at + 0x18)),
      link: file.readUInt32LE(at + 0x28),
      info: file.readUInt32LE(at + 0x2c),
    };
  });
}

/** Below 0 where the first is the older one. */
export function compareVersions(one, other) {
  const [first, second] = [one, other].map((version) => version.split(".").map(Number));
  for (let n = 0; n < Math.max(first.length, second.length); n++) {
    const difference = (first[n] ?? 0) - (second[n] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

if (isMain(import.meta.url)) {
  for (const path of process.argv.slice(2)) {
    const newest = neededGlibc(path).at(-1) ?? "0";
    console.log(`${path}: ${newest}`);
    if (compareVersions(newest, MOST_GLIBC) > 0) process.exitCode = 1;
  }
}
