import type { Runtime, RuntimeAdapter, RuntimeStartOptions } from "../index.js";
import { DialogueError, invalidConfig } from "./errors.js";
import { fields, integer, method } from "./fields.js";

/** The runtime that this runs on. */
export function detectRuntime(): Runtime {
  return process.versions["bun"] === undefined ? "node" : "bun";
}

/** What an adapter does with a server: who makes one says how. */
export interface Serving {
  /** Listens, with an app and its CORS settings. Rejects with a `DialogueError`. */
  serve(options: RuntimeStartOptions): Promise<void>;
  stop(): Promise<void>;
}

const servings = new WeakMap<object, Serving>();

/** From now on an adapter knows how to serve `io`. */
export function serveBy(io: object, serving: Serving): void {
  servings.set(io, serving);
}

/** See `index.d.ts`. The engine is the same on both runtimes: what is asked for and what runs need not agree. */
export function createRuntimeAdapter(runtime: Runtime = detectRuntime()): RuntimeAdapter {
  if (runtime !== "node" && runtime !== "bun") throw invalidConfig("runtime", 'must be "node" or "bun"');
  let bound: Serving | undefined;
  let running: Promise<void> | undefined;
  const bind = (io: unknown, path: string): Serving => {
    const serving = typeof io === "object" && io !== null ? servings.get(io) : undefined;
    if (!serving) throw invalidConfig(path, "must be a Server of dialogue-rs");
    return serving;
  };
  return {
    runtime,
    bind(io) {
      bound = bind(io, "io");
    },
    start(options) {
      if (running) return running;
      const { port, app, io, logger } = fields(options, "options");
      const serving = io === undefined && bound ? bound : bind(io, "options.io");
      integer(port, "options.port", 0, 65_535);
      method((app as { fetch?: unknown } | undefined)?.fetch, "options.app.fetch");
      if (runtime !== detectRuntime()) {
        const message = `The adapter is for ${runtime}, and this is ${detectRuntime()}: the engine is the same`;
        (logger as RuntimeStartOptions["logger"] | undefined)?.warn({
          message,
          atFunction: "start",
          data: { runtime },
        });
      }
      bound = serving;
      running = serving.serve(options);
      // A start that failed may be tried again.
      running.catch(() => {
        running = undefined;
      });
      return running;
    },
    async stop() {
      if (!running) return;
      const started = running;
      running = undefined;
      await started.catch(() => {});
      await bound?.stop();
    },
  };
}

/** Why a server did not start, as the face says it. */
export function startFailure(error: unknown, port: number): DialogueError {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code === "PORT_IN_USE" || code === "EADDRINUSE")
    return new DialogueError("PORT_IN_USE", `Port ${port} is already in use`, { cause: error });
  return new DialogueError("INTERNAL", `The engine did not start: ${message}`, { cause: error });
}
