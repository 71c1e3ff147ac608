import type { Logger } from "../index.js";
import { type Depth, takePromises } from "./promises.js";
import { isThenable, onRejection } from "./thenable.js";

/** How a hook that was asked for something settled. What failed or is overdue was logged. */
export type Answer<T> = { readonly value: T } | "failed" | "overdue";

/** What a deciding hook said: that it may be, why it may not be, or nothing that can be understood. */
export type Decision<T> =
  | { readonly accepted: true; readonly value: T }
  | { readonly accepted: false; readonly reason: string }
  | undefined;

/**
 * The only place that calls user code. Whatever it throws or rejects with ends here, in the log: one call's failure touches no
 * other, and never the process.
 */
export class Dispatcher {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Tells an observer. `name` is what the log calls it. */
  observe(name: string, call: () => unknown): void {
    try {
      const result = call();
      onRejection(result, (error) => this.fault(name, error));
    } catch (error) {
      this.fault(name, error);
    }
  }

  /**
   * Asks for an answer, and hands it on once: at once where the hook is synchronous, else when it settles or is overdue.
   *
   * @param timeout Milliseconds it may take.
   */
  ask<T>(
    name: string,
    timeout: number,
    call: () => T | Promise<T>,
    answer: (answer: Answer<T>) => void,
  ): void {
    let result: T | Promise<T>;
    let later: boolean;
    try {
      result = call();
      // Looking at what a hook gave can throw as the hook itself can.
      later = isThenable(result);
    } catch (error) {
      this.fault(name, error);
      answer("failed");
      return;
    }
    if (later) this.#await(name, timeout, result as PromiseLike<T>, answer);
    else answer({ value: result as T });
  }

  #await<T>(
    name: string,
    timeout: number,
    result: PromiseLike<T>,
    answer: (answer: Answer<T>) => void,
  ): void {
    let settled = false;
    const settle = (outcome: Answer<T>) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      answer(outcome);
    };
    const timer = setTimeout(() => {
      const message = `${name} did not settle within ${timeout} ms`;
      this.#log.error({ message, atFunction: name, data: undefined });
      settle("overdue");
    }, timeout);
    // The engine keeps the process alive while it runs; a hook that never settles shall not.
    timer.unref();
    Promise.resolve(result).then(
      (value) => settle({ value }),
      (error) => {
        this.fault(name, error);
        settle("failed");
      },
    );
  }

  /** Awaits what user code makes; absent when it failed, which is logged. */
  async result<T>(name: string, call: () => T | Promise<T>): Promise<Answer<T>> {
    try {
      return { value: await call() };
    } catch (error) {
      this.fault(name, error);
      return "failed";
    }
  }

  /** Asks a hook that decides at once. One that threw, or said what cannot be understood, has said nothing. */
  decide<T>(name: string, call: () => unknown, depth?: Depth): Decision<T> {
    try {
      const result = call();
      if (isThenable(result)) {
        // It decides too late, and what it rejects with is nobody's.
        onRejection(result, () => {});
        throw new TypeError(`${name} must decide synchronously, and returned a promise`);
      }
      return this.understand<T>(name, result, depth);
    } catch (error) {
      this.fault(name, error);
      return undefined;
    }
  }

  /**
   * Reads a `Result`, from this package or of the same shape. Anything else is logged, and nothing. So is one that holds a promise.
   *
   * @param depth How far promises are looked for: what is encoded afterwards needs the whole look.
   */
  understand<T>(name: string, result: unknown, depth: Depth = "plain"): Decision<T> {
    try {
      if (typeof result === "object" && result !== null) {
        const { isOk, isErr, value, error } = result as Record<string, unknown>;
        if (isOk === true && isErr !== true) {
          refusePromises(`${name} gave Ok(…) with`, value, depth);
          return { accepted: true, value: value as T };
        }
        if (isErr === true && isOk !== true && typeof error === "string")
          return { accepted: false, reason: error };
      }
      // Promises in what cannot be understood are refused with it.
      takePromises(result, "plain");
      throw new TypeError(`${name} must return Ok(…) or Err("reason")`);
    } catch (error) {
      this.fault(name, error);
      return undefined;
    }
  }

  /** Logs what a hook did wrong. */
  fault(name: string, error: unknown): void {
    this.#log.error({ message: `${name} failed`, atFunction: name, data: error });
  }
}

/**
 * Throws if a value is a promise or holds one: nobody would await it.
 *
 * @param what The words before "a promise".
 */
export function refusePromises(what: string, value: unknown, depth: Depth): void {
  if (takePromises(value, depth)) throw new TypeError(`${what} a promise; await it first`);
}
