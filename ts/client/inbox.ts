import type { EventMessage } from "../../index.js";

/** What arrived for a room and is not handed on yet. */
type Item = { readonly message: EventMessage } | { readonly history: EventMessage[] };

/** Items held at a time. */
const MOST = 10_000;

/**
 * A room's events on their way to its handlers: in the order of their offsets, none twice. It holds them while a join is on its way to
 * the one who asked for it (who then registers handlers), and while missed events are fetched.
 */
export class Inbox {
  /** Offset of the newest event handed on, or said at the join. */
  position = 0;
  #held: Item[] | undefined = [];
  readonly #hand: (message: EventMessage) => void;
  readonly #handHistory: (events: EventMessage[]) => void;
  readonly #overflowed: () => void;

  constructor(
    hand: (message: EventMessage) => void,
    handHistory: (events: EventMessage[]) => void,
    overflowed: () => void,
  ) {
    this.#hand = hand;
    this.#handHistory = handHistory;
    this.#overflowed = overflowed;
  }

  /** An event came. */
  message(message: EventMessage): void {
    this.#put({ message });
  }

  /** What the room remembers came. */
  history(events: EventMessage[]): void {
    this.#put({ history: events });
  }

  hold(): void {
    this.#held ??= [];
  }

  /** Hands on what is held, and with it what was fetched. */
  release(missed: EventMessage[] = []): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    // History was sent for a join of this client's own: first. Without offsets the rest keeps its order.
    const live = held.flatMap((item) => ("message" in item ? [item.message] : []));
    for (const item of held) if ("history" in item) this.#handOn(item);
    const all = [...missed, ...live].sort((a, b) => (a.offset ?? 0) - (b.offset ?? 0));
    for (const message of all) this.#handOn({ message });
  }

  #put(item: Item): void {
    if (this.#held === undefined) {
      this.#handOn(item);
      return;
    }
    this.#held.push(item);
    if (this.#held.length <= MOST) return;
    this.#held.shift();
    this.#overflowed();
  }

  #handOn(item: Item): void {
    if ("history" in item) {
      this.#handHistory(item.history);
      return;
    }
    const { offset } = item.message;
    if (offset !== undefined) {
      if (offset <= this.position) return;
      this.position = offset;
    }
    this.#hand(item.message);
  }
}
