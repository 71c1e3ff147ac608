import { method } from "../fields.js";
import { onRejection } from "../thenable.js";

/** Functions to be told of something. One that throws or rejects is reported and stops no other. */
export class Handlers<Told extends unknown[]> {
  readonly #all = new Set<{ readonly call: (...told: Told) => unknown }>();

  /** @returns Ends it; may be called more than once. */
  add(handler: (...told: Told) => unknown): () => void {
    method(handler, "handler");
    // An object of its own: the same function registered twice is two registrations.
    const entry = { call: handler };
    this.#all.add(entry);
    return () => void this.#all.delete(entry);
  }

  tell(...told: Told): void {
    for (const entry of [...this.#all]) {
      // One before it may have ended it.
      if (this.#all.has(entry)) call(entry.call, told);
    }
  }

  clear(): void {
    this.#all.clear();
  }
}

function call<Told extends unknown[]>(handler: (...told: Told) => unknown, told: Told): void {
  try {
    const returned = handler(...told);
    onRejection(returned, report);
  } catch (error) {
    report(error);
  }
}

const report = (error: unknown): void => console.error("[Dialogue] a handler failed:", error);
