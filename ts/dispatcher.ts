import type { Logger } from "../index.js";

/** How a hook that was asked for something settled; absent: it failed, and that is logged. */
export type Answer<T> = { readonly value: T } | undefined;

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
      if (isThenable(result)) Promise.resolve(result).then(undefined, (error) => this.#failed(name, error));
    } catch (error) {
      this.#failed(name, error);
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
    try {
      result = call();
    } catch (error) {
      this.#failed(name, error);
      answer(undefined);
      return;
    }
    if (isThenable(result)) this.#await(name, timeout, result, answer);
    else answer({ value: result });
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
      settle(undefined);
    }, timeout);
    // The engine keeps the process alive while it runs; a hook that never settles shall not.
    timer.unref();
    Promise.resolve(result).then(
      (value) => settle({ value }),
      (error) => {
        this.#failed(name, error);
        settle(undefined);
      },
    );
  }

  /** Awaits what user code makes; absent when it failed, which is logged. */
  async result<T>(name: string, call: () => T | Promise<T>): Promise<Answer<T>> {
    try {
      return { value: await call() };
    } catch (error) {
      this.#failed(name, error);
      return undefined;
    }
  }

  #failed(name: string, error: unknown): void {
    this.#log.error({ message: `${name} failed`, atFunction: name, data: error });
  }
}

const isThenable = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  (typeof value === "object" || typeof value === "function") &&
  value !== null &&
  typeof (value as { then?: unknown }).then === "function";
