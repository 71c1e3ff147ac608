import type { Dispatcher } from "../dispatcher.js";

export type Next = (error?: Error) => void;
export type Middleware<Subject> = (subject: Subject, next: Next) => void;

/**
 * Runs middleware one behind the other. `done` is called once, unless one of them never goes on: with what one of them gave to `next`, or
 * nothing. One that throws or rejects has failed, which is logged, and is told as "failed".
 */
export function runMiddleware<Subject>(
  chain: readonly Middleware<Subject>[],
  subject: Subject,
  name: string,
  dispatcher: Dispatcher,
  done: (outcome: Error | "failed" | undefined) => void,
): void {
  const run = (index: number) => {
    const middleware = chain[index];
    if (middleware === undefined) return done(undefined);
    let settled = false;
    const once = (outcome: Error | "failed" | undefined) => {
      if (settled) return;
      settled = true;
      if (outcome) done(outcome);
      else run(index + 1);
    };
    try {
      const result: unknown = middleware(subject, (error) => once(error));
      if (result instanceof Promise) result.catch((error) => fail(error));
    } catch (error) {
      fail(error);
    }
    function fail(error: unknown): void {
      dispatcher.fault(name, error);
      once("failed");
    }
  };
  // A chain that is being run is not changed by a middleware that adds another.
  run(0);
}
