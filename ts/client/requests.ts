import type { Socket } from "socket.io-client";
import type { Result } from "../../index.js";
import type { DialogueError } from "../errors.js";
import { Err } from "../result.js";
import { sendAcknowledged } from "./acknowledged.js";
import type { EventReplies } from "./event-replies.js";
import type { Gate } from "./gate.js";
import { fault, unsendable } from "./wire-errors.js";

/** Something asked of the server. `roomId` and `eventName`: what it is about, for its errors. */
export interface Request {
  readonly event: string;
  readonly payload?: Record<string, unknown>;
  readonly roomId?: string | undefined;
  readonly eventName?: string | undefined;
}

/** One whose payload is a room. */
export const aboutRoom = (event: string, roomId: string): Request => ({ event, payload: { roomId }, roomId });

/** What follows the event's name. */
export const payloadOf = ({ payload }: Request): unknown[] => (payload === undefined ? [] : [payload]);

/** The fields of an acknowledgement, or of the event that stands for it. A list of rooms is in `rooms`. */
export type Reply = Record<string, unknown>;
export type Outcome = Result<Reply, DialogueError>;
export type Settle = (outcome: Outcome) => void;

/** Requests under way at a time, those that wait included. */
const MOST = 10_000;

/** Sends requests and settles each exactly once, within its time. */
export class Requests {
  /** Whether this server acknowledges; said by `protocol` in `dialogue:connected`. */
  acknowledged = true;
  #underWay = 0;
  readonly #socket: Socket;
  readonly #replies: EventReplies;
  readonly #timeout: number;

  constructor(socket: Socket, replies: EventReplies, timeout: number) {
    this.#socket = socket;
    this.#replies = replies;
    this.#timeout = timeout;
  }

  /**
   * Sends it once `gate` lets it through. `settle` runs before anything that the server sent after the answer is looked at: what
   * follows a `dialogue:joined` belongs to the room that it announced.
   */
  send(request: Request, gate: Gate, settle: Settle): void {
    if (this.#underWay >= MOST) {
      settle(Err(fault("OVERLOADED", `${MOST} requests are under way`, request)));
      return;
    }
    this.#underWay += 1;
    let settled = false;
    const once: Settle = (outcome) => {
      if (settled) return;
      settled = true;
      this.#underWay -= 1;
      settle(outcome);
    };
    const deadline = performance.now() + this.#timeout;
    const go = () => {
      const left = Math.max(1, deadline - performance.now());
      try {
        if (this.acknowledged) sendAcknowledged(this.#socket, request, left, once);
        else this.#replies.send(request, left, once);
      } catch (error) {
        once(Err(unsendable(error, request)));
      }
    };
    gate.pass(this.#timeout, go, (error) => once(Err(error)));
  }

  /** The same as a promise, which rejects. */
  async ask(request: Request, gate: Gate): Promise<Reply> {
    const outcome = await new Promise<Outcome>((resolve) => this.send(request, gate, resolve));
    if (outcome.isErr) throw outcome.error;
    return outcome.value;
  }
}
