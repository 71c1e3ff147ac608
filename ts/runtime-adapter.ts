import type { Runtime } from "../index.js";

/** The runtime that this runs on. */
export function detectRuntime(): Runtime {
  return process.versions["bun"] === undefined ? "node" : "bun";
}
