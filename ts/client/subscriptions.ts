import type { EventMessage } from "../../index.js";
import { ANY_EVENT } from "../protocol.js";

/** Kinds of which it is remembered whether the room sends them. */
const MOST = 1_000;

/**
 * What a room was asked to send, for asking again after a lost connection; and what it sends unasked (its `defaultSubscriptions`), which
 * the server does not say and which is therefore learned.
 */
export class Subscriptions {
  /** What was last asked of each name, in order. */
  readonly asked = new Map<string, boolean>();
  /** Whether the room sends a kind, where that showed. */
  readonly #sent = new Map<string, boolean>();
  /** Since which offset every event that the room sends has been heard. */
  #since = 0;

  ask(name: string, wanted: boolean): void {
    this.asked.delete(name);
    this.asked.set(name, wanted);
  }

  /** An event came by itself. */
  heard(name: string): void {
    if (this.#sent.size < MOST) this.#sent.set(name, true);
  }

  /** From here on what the room sends is heard; what comes before was fetched. */
  listenFrom(offset: number): void {
    this.#since = offset;
  }

  /** Whether a missed event would have come had there been a connection. */
  wants(name: string): boolean {
    return this.asked.get(ANY_EVENT) === true || (this.asked.get(name) ?? this.#sent.get(name) !== false);
  }

  /**
   * Learns from an event that the room remembers of a time in which this client listened, up to `position`: a kind that was said then and not heard
   * is one that the room does not send.
   */
  learn({ event, offset = 0 }: EventMessage, position: number): void {
    const listened = offset > this.#since && offset < position;
    if (listened && !this.#sent.has(event) && this.#sent.size < MOST) this.#sent.set(event, false);
  }
}
