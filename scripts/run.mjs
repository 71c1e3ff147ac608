// Runs programs for the other scripts: output to a file, or straight through.
import { spawn } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, readdirSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** What a run leaves behind goes here: logs and results. */
export const reports = join(root, "target", "reports");

/** The environment for child processes: cargo is found also where a shell has not been restarted since rustup. */
export const environment = { ...process.env };
const cargoHome = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "bin");
const pathName = Object.keys(environment).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
if (existsSync(cargoHome) && !(environment[pathName] ?? "").split(delimiter).includes(cargoHome)) {
  environment[pathName] = `${environment[pathName] ?? ""}${delimiter}${cargoHome}`;
}

/** A program of a package under node_modules, run with the Node that runs this script. */
export function tool(packageName, file) {
  return [process.execPath, join(root, "node_modules", ...packageName.split("/"), file)];
}

/** npm itself: the one that started this script, where it did, or the one that came with this Node. */
export function npm() {
  const beside = ["../lib/node_modules", "node_modules"].map((path) =>
    join(dirname(process.execPath), path, "npm/bin/npm-cli.js"),
  );
  const script = [process.env.npm_execpath, ...beside].find(
    (path) => path?.endsWith("npm-cli.js") && existsSync(path),
  );
  return script ? [process.execPath, script] : ["npm"];
}

/** Bun, from its npm package: the binary is moved by an install script, or stays where the platform's package has it. */
export function bun() {
  const platforms = join(root, "node_modules", "@oven");
  const names = existsSync(platforms) ? readdirSync(platforms) : [];
  const paths = names.flatMap((name) => ["bun", "bun.exe"].map((file) => join(platforms, name, "bin", file)));
  return paths.find((path) => existsSync(path)) ?? join(root, "node_modules", "bun", "bin", "bun.exe");
}

/** Whether the module at `url` is the program, and not an import of one. */
export function isMain(url) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);
}

/**
 * Runs `command` (an array) and resolves with its exit code and the text it wrote.
 * `log`: a file of that name under `reports` gets everything; without it, output goes to this terminal.
 */
export function run(command, { log, env = {}, cwd = root, timeout = 0 } = {}) {
  const [program, ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...environment, ...env },
      stdio: log ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
      timeout,
      killSignal: "SIGKILL",
    });
    let text = "";
    let file;
    if (log) {
      mkdirSync(reports, { recursive: true });
      file = createWriteStream(join(reports, log));
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8");
        stream.on("data", (chunk) => {
          text += chunk;
          file.write(chunk);
        });
      }
    }
    const end = (code, message) => {
      if (message) text += message;
      if (!file) return resolve({ code, text });
      file.end(message ?? "", () => resolve({ code, text }));
    };
    child.once("error", (error) => {
      end(127, `${program}: ${error.code === "ENOENT" ? "not found on PATH" : error.message}\n`);
    });
    child.once("close", (code, signal) => {
      if (signal && timeout > 0) end(124, `\nended by ${signal} (limit: ${timeout / 1000} s)\n`);
      else end(code ?? 1);
    });
  });
}

/** Milliseconds as people read them. */
export function duration(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
