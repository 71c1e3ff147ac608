// What `#binding` names. binding.cjs (generated) finds the native binary for this platform; this file says, in words
// that help, what is wrong where there is none. It is an ES module because Node 20 ends the process when a CommonJS
// module throws under an `import`, even where the importer catches.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

function load() {
  try {
    return createRequire(import.meta.url)("./binding.cjs");
  } catch (error) {
    throw withoutBinary(error);
  }
}

function withoutBinary(cause) {
  const platform = platformName();
  const present = readdirSync(fileURLToPath(new URL(".", import.meta.url))).filter((name) =>
    name.endsWith(".node"),
  );
  const wanted = `dialogue-rs.${platform}.node`;
  const lines = [`dialogue-rs has no native binary that loads on ${platform} (${runtimeName()}).`];

  if (present.includes(wanted)) {
    lines.push(`${wanted} is there but could not be loaded: ${loadingError(cause)}`);
  } else if (present.length > 0) {
    lines.push(`This installation contains: ${present.join(", ")}.`);
  } else {
    lines.push("This installation contains no binary at all.");
  }
  lines.push(
    "Binaries can be built for linux-x64-gnu, linux-arm64-gnu, linux-x64-musl, linux-arm64-musl, darwin-x64," +
      " darwin-arm64, win32-x64-msvc and win32-arm64-msvc.",
    "To build the one for this machine: install Rust, then run `npm install && npm run build:dist && npm pack` in a" +
      " checkout of the dialogue-rs source, and install the .tgz that this makes.",
  );

  return Object.assign(new Error(lines.join("\n"), { cause }), {
    code: "DIALOGUE_NO_BINARY",
    platform,
    present,
  });
}

function platformName() {
  const { platform, arch } = process;
  if (platform === "linux") return `linux-${arch}-${usesMusl() ? "musl" : "gnu"}`;
  return platform === "win32" ? `win32-${arch}-msvc` : `${platform}-${arch}`;
}

/** Asked as binding.cjs asks it, so that both name the same file. */
function usesMusl() {
  try {
    return readFileSync("/usr/bin/ldd", "utf8").includes("musl");
  } catch {
    return readdirSync("/lib").some((name) => name.startsWith("ld-musl-"));
  }
}

function runtimeName() {
  return process.versions.bun ? `Bun ${process.versions.bun}` : `Node ${process.versions.node}`;
}

/** The generated file chains every attempt as a cause; the one that tells is not "no such module". */
function loadingError(error) {
  for (let inner = error.cause ?? error; inner; inner = inner.cause) {
    if (inner.code !== "MODULE_NOT_FOUND") return inner.message;
  }
  return error.message;
}

export default load();
