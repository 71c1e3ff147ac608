import type { Acknowledge } from "./packet.js";
import { timedOut } from "./packet.js";

/** Told of each answer: by which socket, and with what. */
type Answered = (socketId: string, args: unknown[]) => void;

/** The answers that a namespace waits for, by number. */
export class Acks {
  #waiting = new Map<number, Answered>();
  readonly #call: (name: string, callback: () => unknown) => void;
  readonly #forget: (socketId: string | null, number: number) => void;

  /**
   * @param call Calls what belongs to the program.
   * @param forget Tells the engine that nobody waits any more; `null`: what a broadcast asked for.
   */
  constructor(
    call: (name: string, callback: () => unknown) => void,
    forget: (socketId: string | null, number: number) => void,
  ) {
    this.#call = call;
    this.#forget = forget;
  }

  answered(number: number, socketId: string, args: unknown[]): void {
    this.#waiting.get(number)?.(socketId, args);
  }

  /** Another engine counts from the beginning: for what was asked before, only a timeout comes. */
  renew(): void {
    this.#waiting = new Map();
  }

  #giveUp(waiting: Map<number, Answered>, socketId: string | null, number: number): void {
    waiting.delete(number);
    if (waiting === this.#waiting) this.#forget(socketId, number);
  }

  /**
   * Waits for one socket. Without a timeout for ever, and with the answer alone; with one, an error comes first.
   *
   * @param number Below 0: nothing was sent, and only the timeout can come.
   * @returns Ends the waiting without a word, unless there is a timeout, which goes on.
   */
  ofSocket(socketId: string, number: number, timeout: number | undefined, callback: Acknowledge): () => void {
    const name = "acknowledgement";
    const waiting = this.#waiting;
    if (timeout === undefined) {
      waiting.set(number, (_, args) => {
        waiting.delete(number);
        this.#call(name, () => callback(...args));
      });
      return () => void waiting.delete(number);
    }
    const timer = setTimeout(() => {
      if (number >= 0) this.#giveUp(waiting, socketId, number);
      this.#call(name, () => callback(timedOut()));
    }, timeout);
    if (number < 0) return () => {};
    waiting.set(number, (_, args) => {
      clearTimeout(timer);
      waiting.delete(number);
      this.#call(name, () => callback(null, ...args));
    });
    return () => {};
  }

  /** Waits for `count` sockets, each of which gives its first argument; what is missing at the timeout makes an error of it. */
  ofMany(count: number, number: number, timeout: number | undefined, callback: Acknowledge): void {
    const name = "acknowledgement of a broadcast";
    const waiting = this.#waiting;
    const responses: unknown[] = [];
    const settle = (error: Error | null) => {
      // Those who were asked owe nothing any more.
      if (count > 0) this.#giveUp(waiting, null, number);
      this.#call(name, () => callback(error, responses));
    };
    if (count === 0) {
      queueMicrotask(() => settle(null));
      return;
    }
    const timer = setTimeout(() => {
      settle(timedOut());
    }, timeout);
    waiting.set(number, (_, args) => {
      responses.push(args[0]);
      if (responses.length < count) return;
      clearTimeout(timer);
      settle(null);
    });
  }
}

/** One callback for what several namespaces are asked: called once, with the answers of all, and the first error. */
export function gather(count: number, callback: Acknowledge): Acknowledge {
  const all: unknown[] = [];
  let failure: Error | null = null;
  let left = count;
  return (error: Error | null, responses: unknown[]) => {
    failure ??= error;
    all.push(...responses);
    left--;
    return left === 0 ? callback(failure, all) : undefined;
  };
}
