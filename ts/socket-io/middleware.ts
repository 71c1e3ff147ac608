import type { Dispatcher } from "../dispatcher.js";
import { onRejection } from "../thenable.js";

/** Middleware is told of as failed: it threw, or rejected. */
export const FAILED = Symbol("failed");
/** What middleware came to: nothing stands in the way, it failed, or it gave this to `next`. */
export type Outcome = undefined | typeof FAILED | { readonly refusal: unknown };
export type Next = (error?: Error) => void;
export type Middleware<Subject> = (subject: Subject, next: Next) => void;

/**
 * Runs middleware one behind the other. `done` is called once, unless one of them never goes on. One that throws or rejects has failed, which is
 * logged.
 */
export function runMiddleware<Subject>(
  chain: readonly Middleware<Subject>[],
  subject: Subject,
  name: string,
  dispatcher: Dispatcher,
  done: (outcome: Outcome) => void,
): void {
  const run = (index: number) => {
    const middleware = chain[index];
    if (middleware === undefined) return done(undefined);
    let settled = false;
    const once = (outcome: Outcome) => {
      if (settled) return;
      settled = true;
      if (outcome) done(outcome);
      else run(index + 1);
    };
    try {
      const result: unknown = middleware(subject, (error) => once(error ? { refusal: error } : undefined));
      onRejection(result, (error) => fail(error));
    } catch (error) {
      fail(error);
    }
    function fail(error: unknown): void {
      dispatcher.fault(name, error);
      once(FAILED);
    }
  };
  // A chain that is being run is not changed by a middleware that adds another.
  run(0);
}
