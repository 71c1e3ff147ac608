import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { within } from "./deadline.js";

export interface BackendProcess {
  /** Where it takes commands. */
  readonly control: string;
  end(): Promise<void>;
}

/** The process of `programs/client-backend.mjs`, run by the runtime that runs the tests. */
export async function startBackend(): Promise<BackendProcess> {
  const file = fileURLToPath(new URL("./programs/client-backend.mjs", import.meta.url));
  const backend = spawn(process.execPath, [file], {
    env: { ...process.env, NODE_OPTIONS: "" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => backend.once("exit", resolve));
  const line = new Promise<string>((resolve) =>
    createInterface({ input: backend.stdout }).once("line", resolve),
  );
  const { port } = JSON.parse(await within(line, "the backend to start", 15_000));
  return {
    control: `http://127.0.0.1:${port}`,
    async end() {
      backend.stdin.end();
      await within(ended, "the backend to end", 15_000);
    },
  };
}

/** One for all tests of a file. */
export function useBackendProcess(): () => string {
  let backend: BackendProcess;
  beforeAll(async () => {
    backend = await startBackend();
  });
  afterAll(() => backend.end());
  return () => backend.control;
}
