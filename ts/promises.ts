import { isThenable, onRejection } from "./thenable.js";

// Deeper than payloads go by default; beyond it the exact way looks, which also ends in cycles.
const QUICK_LOOK_DEPTH = 64;

/** How far a look for promises goes: into plain objects and lists only, or also into objects of classes, as JSON does. */
export type Depth = "plain" | "whole";

/**
 * Whether a value is a promise or holds one. The rejections of all of them are taken, so that none ends the process. The look goes
 * where JSON goes, and into Maps and Sets. It calls no `toJSON`, and does not enter an object of a class that has one.
 */
export function takePromises(value: unknown, depth: Depth): boolean {
  const left: unknown[] = [];
  return mayHoldPromise(value, depth, 0, left) && takeAll(left, depth);
}

/**
 * A look that remembers nothing; may say yes too often. Then what it read is in `left`: a getter makes another promise each time.
 */
function mayHoldPromise(value: unknown, depth: Depth, level: number, left: unknown[]): boolean {
  if (typeof value !== "object" || value === null) {
    if (typeof value !== "function") return false;
    left.push(value);
    return true;
  }
  if (level > QUICK_LOOK_DEPTH || isPromise(value)) {
    left.push(value);
    return true;
  }
  let found = false;
  // What was read before the first promise holds none; what is read after it waits for the exact look.
  for (const item of parts(value, depth)) {
    if (typeof item !== "object" && typeof item !== "function") continue;
    if (found) left.push(item);
    else found = mayHoldPromise(item, depth, level + 1, left);
  }
  return found;
}

function takeAll(left: unknown[], depth: Depth): boolean {
  const seen = new Set<unknown>();
  let found = false;
  while (left.length > 0) {
    const next = left.pop();
    if ((typeof next !== "object" && typeof next !== "function") || next === null || seen.has(next)) continue;
    seen.add(next);
    if (isPromise(next)) {
      found = true;
      take(next);
    } else if (typeof next === "object") for (const item of parts(next, depth)) left.push(item);
  }
  return found;
}

/** One that cannot be looked at is none: what uses it finds out. */
function isPromise(value: unknown): boolean {
  try {
    return isThenable(value);
  } catch {
    return false;
  }
}

const NONE: readonly unknown[] = [];

/** What an object holds. What one getter throws hides nothing of the other fields. */
function parts(value: object, depth: Depth): readonly unknown[] {
  try {
    if (Array.isArray(value)) return value;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      // By name, as those of other realms have it too: pages load this file, where Node's own check is not.
      const kind = Object.prototype.toString.call(value);
      if (kind === "[object Map]") return [...(value as Map<unknown, unknown>)].flat();
      if (kind === "[object Set]") return [...(value as Set<unknown>)];
      if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return NONE;
      if (typeof (value as { toJSON?: unknown }).toJSON === "function") return NONE;
      // The prototype of another realm's plain objects has none itself.
      if (depth === "plain" && Object.getPrototypeOf(prototype) !== null) return NONE;
    }
    const held: unknown[] = Object.keys(value);
    for (let index = 0; index < held.length; index++) held[index] = field(value, held[index] as string);
    return held;
  } catch {
    return NONE;
  }
}

function field(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    // JSON meets it too, and refuses the whole.
    return undefined;
  }
}

function take(promise: unknown): void {
  try {
    onRejection(promise, () => {});
  } catch {
    // Its `then` is another one each time.
  }
}
