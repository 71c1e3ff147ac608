// What the kernel says a process has used; Linux only.
import { readdirSync, readFileSync } from "node:fs";

/**
 * CPU time of all threads of a process so far, user and system, in microseconds, at nanosecond precision. Threads that ended are
 * not in it: compare within a time in which none ends, as in a server that is only serving.
 */
export function cpuMicroseconds(pid) {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    } catch {
      // The thread ended between the listing and the reading.
    }
  }
  return nanoseconds / 1_000;
}

/** How often the threads of a process have given up their core by themselves so far: each wait that really waited. */
export function voluntarySwitches(pid) {
  let switches = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
      switches += Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)[1]);
    } catch {
      // The thread ended between the listing and the reading.
    }
  }
  return switches;
}

export function residentBytes(pid) {
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) * 1_024;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
