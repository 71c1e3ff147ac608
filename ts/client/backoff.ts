const FIRST = 1_000;
const MOST = 5_000;

/** Milliseconds to wait before try `attempt` (from 0): any part of a span that doubles, so that a crowd spreads over all of it. */
export const fullJitter = (attempt: number): number => Math.random() * Math.min(MOST, FIRST * 2 ** attempt);

/** The time of one connection. What waits in it stops waiting when it is over. */
export class Presence {
  over = false;
  readonly #waiting = new Set<() => void>();

  /** Resolves after so many milliseconds, or when it is over. */
  pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.over) return resolve();
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.#waiting.add(done);
    });
  }

  end(): void {
    this.over = true;
    for (const done of [...this.#waiting]) done();
  }
}
