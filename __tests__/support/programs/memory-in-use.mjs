// What a process holds, after everything that can be collected was collected.
import { readdirSync, readFileSync } from "node:fs";

const collect = globalThis.Bun ? () => globalThis.Bun.gc(true) : globalThis.gc;

/**
 * Bytes resident and on the JavaScript heap: the least that was seen after several forced collections with turns of the event loop
 * between, since a collector that runs in threads of its own is done when it is done.
 */
export async function memoryInUse() {
  const least = { resident: Number.POSITIVE_INFINITY, heap: Number.POSITIVE_INFINITY };
  for (let i = 0; i < 6; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 30));
    const { rss, heapUsed } = process.memoryUsage();
    least.resident = Math.min(least.resident, rss);
    least.heap = Math.min(least.heap, heapUsed);
  }
  return least;
}

/** Open file descriptors and threads of this process, as Linux counts them. */
export function handlesInUse() {
  const threads = Number(/^Threads:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1]);
  return { descriptors: readdirSync("/proc/self/fd").length, threads };
}
