import { DialogueError } from "../errors.js";

interface Waiting {
  readonly go: () => void;
  readonly fail: (error: DialogueError) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/**
 * Where requests wait for a connection, or for a room to be joined again: in order, each until its deadline. Callbacks and no promises, so
 * that what waited goes before what is asked a moment later. `Requests` bounds how many there are.
 */
export class Gate {
  #open = false;
  #closed: DialogueError | undefined;
  readonly #waiting = new Set<Waiting>();

  /** @param closed Why it is closed to begin with. */
  constructor(closed: DialogueError) {
    this.#closed = closed;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  pass(milliseconds: number, go: () => void, fail: (error: DialogueError) => void): void {
    if (this.#closed !== undefined) {
      fail(this.#closed);
      return;
    }
    if (this.#open) {
      go();
      return;
    }
    const timer = setTimeout(() => {
      this.#waiting.delete(waiting);
      fail(new DialogueError("DISCONNECTED", `Not connected within ${milliseconds} ms`));
    }, milliseconds);
    const waiting = { go, fail, timer };
    this.#waiting.add(waiting);
  }

  open(): void {
    this.#open = true;
    this.#closed = undefined;
    for (const waiting of this.#waiting) {
      // What one does may have closed it again.
      if (!this.#open) return;
      this.#take(waiting);
      waiting.go();
    }
  }

  /** From now on requests wait. */
  hold(): void {
    this.#open = false;
    this.#closed = undefined;
  }

  /** From now on requests fail, and so do those that wait. */
  close(error: DialogueError): void {
    this.#open = false;
    this.#closed = error;
    for (const waiting of [...this.#waiting]) {
      this.#take(waiting);
      waiting.fail(error);
    }
  }

  #take(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    this.#waiting.delete(waiting);
  }
}
