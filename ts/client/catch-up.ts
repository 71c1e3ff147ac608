import type { EventMessage } from "../../index.js";
import type { DialogueError } from "../errors.js";
import { fullJitter, type Presence } from "./backoff.js";
import type { JoinedRoom } from "./joined-room.js";

/** Events asked for at a time; a server may send fewer. */
const PAGE = 500;
/** Events that are fetched after one absence; what is older has to be asked for by `getHistory`. */
const MOST = 10_000;
const TRIES = 6;

/** Events that were missed. `cut`: these are the newest of more. */
export interface Missed {
  readonly events: EventMessage[];
  readonly cut: boolean;
}

/**
 * What was said after `since` in kinds with history, as far as the room would have sent it. `remembered`: whether what is older than the
 * server's memory may be asked for; it has no place in the order of a room that was made anew.
 *
 * All kinds are asked for together, because the client does not know them; that answers from memory only. A kind of which memory does not
 * reach back to `since` is then asked for by name.
 */
export async function missedEvents(
  room: JoinedRoom,
  since: number,
  remembered: boolean,
  presence: Presence,
): Promise<Missed> {
  const missed = new Map<number, EventMessage>();
  /** How many events of each kind were seen, the oldest of them, and whether one is old enough. */
  const kinds = new Map<string, { count: number; oldest: number; reached: boolean }>();

  /** Reads pages until one reaches back far enough; of one kind or of all. */
  const read = async (eventName: string | undefined, from: number): Promise<void> => {
    for (let start = from; missed.size < MOST; ) {
      const page = await patiently(() => room.page(eventName, start, start + PAGE), presence);
      let reached = false;
      for (const event of page.events) {
        const kind = kinds.get(event.event) ?? { count: 0, oldest: Number.POSITIVE_INFINITY, reached: false };
        kinds.set(event.event, kind);
        const { offset = 0, timestamp } = event;
        const known = missed.get(offset);
        // A program's store may go on with what was said in the room before it was made anew: what is older has a higher offset there.
        const other = known === undefined ? offset >= kind.oldest : known.timestamp !== timestamp;
        if (eventName !== undefined && other) return;
        // New events push older ones into the next page: those come twice, and are one.
        if (known === undefined) kind.count += 1;
        kind.oldest = Math.min(kind.oldest, offset);
        // Without a place (such a store may not keep it) nobody can say whether it was heard.
        if (offset <= since) kind.reached = reached = true;
        else missed.set(offset, event);
        room.subscriptions.learn(event, since);
      }
      if (reached || page.events.length === 0 || page.events.length < page.end - page.start) return;
      start += page.events.length;
    }
  };

  await read(undefined, 0);
  if (remembered) {
    for (const [name, { count, reached }] of [...kinds]) {
      if (!reached && room.subscriptions.wants(name)) await read(name, count);
    }
  }
  const events = [...missed.values()].filter((event) => room.subscriptions.wants(event.event));
  return { events, cut: missed.size >= MOST };
}

/** Whether the same request may succeed in a moment. */
export const passes = ({ code }: DialogueError): boolean =>
  code === "RATE_LIMITED" || code === "OVERLOADED" || code === "TIMEOUT";

/** Asks, and again after a pause where the server was only too busy. */
export async function patiently<T>(ask: () => Promise<T>, presence: Presence): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (presence.over || attempt + 1 === TRIES || !passes(error as DialogueError)) throw error;
      await presence.pause(fullJitter(attempt));
    }
  }
}
