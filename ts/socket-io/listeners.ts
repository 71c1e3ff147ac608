/** What a Socket.IO object's `on`, `once` and `off` keep. */
export type Listener = (...args: unknown[]) => void;

interface Entry {
  readonly listener: Listener;
  readonly once: boolean;
}

export class Listeners {
  readonly #entries = new Map<string, Entry[]>();

  add(event: string, listener: Listener, once: boolean): void {
    if (typeof listener !== "function") throw new TypeError("the listener must be a function");
    this.#entries.set(event, [...(this.#entries.get(event) ?? []), { listener, once }]);
  }

  /** Removes the newest registration of that listener, as an EventEmitter does. */
  remove(event: string, listener: Listener): void {
    const entries = this.#entries.get(event) ?? [];
    const index = entries.findLastIndex((entry) => entry.listener === listener);
    if (index !== -1) this.#entries.set(event, entries.toSpliced(index, 1));
  }

  has(event: string): boolean {
    return (this.#entries.get(event)?.length ?? 0) > 0;
  }

  /** Those to be called now, each in its own right; the ones that hear once are gone from here on. */
  take(event: string): Listener[] {
    const entries = this.#entries.get(event) ?? [];
    if (entries.some((entry) => entry.once)) {
      this.#entries.set(
        event,
        entries.filter((entry) => !entry.once),
      );
    }
    return entries.map((entry) => entry.listener);
  }
}
