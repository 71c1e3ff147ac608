import { setImmediate } from "node:timers";

/** Answers that leave together at most: enough that a call and a wake of the engine's threads for each no longer count. */
const TOGETHER = 16;
/** Milliseconds between two answers from which on the one before is not kept for the one after: the app takes its time. */
const SLOW = 0.2;

/** Whole answers on their way to the engine. Those that follow each other quickly leave in one call, at the latest in the next turn. */
export class Answers {
  readonly #send: (texts: string) => void;
  #texts = "";
  #count = 0;
  #last = 0;
  #scheduled = false;

  constructor(send: (texts: string) => void) {
    this.#send = send;
  }

  /** @param headers Name, value, name, value …, a line each. */
  add(id: number, status: number, headers: string, body: string): void {
    this.#texts += `${id} ${status} ${Buffer.byteLength(body)}\n${headers}\n${body}`;
    this.#count++;
    const now = performance.now();
    const gap = now - this.#last;
    this.#last = now;
    if (gap > SLOW || this.#count >= TOGETHER) this.#flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(this.#turn);
    }
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    this.#flush();
  };

  #flush(): void {
    if (this.#count === 0) return;
    const texts = this.#texts;
    this.#texts = "";
    this.#count = 0;
    this.#send(texts);
  }
}
