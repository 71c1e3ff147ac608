import type { Socket } from "socket.io-client";
import { DialogueError } from "../errors.js";
import { ANY_EVENT, WIRE } from "../protocol.js";
import { Err, Ok } from "../result.js";
import { payloadOf, type Reply, type Request, type Settle } from "./requests.js";
import { late, lost } from "./wire-errors.js";

interface Pending {
  readonly request: Request;
  readonly settle: Settle;
  readonly timer: ReturnType<typeof setTimeout> | undefined;
}

/** Which event answers which request. What is not here is answered by nothing but an error. */
const ANSWERS: Record<string, string> = {
  [WIRE.join]: WIRE.joined,
  [WIRE.leave]: WIRE.left,
  [WIRE.getHistory]: WIRE.historyResponse,
  [WIRE.listRooms]: WIRE.rooms,
  [WIRE.createRoom]: WIRE.roomCreated,
  [WIRE.deleteRoom]: WIRE.roomDeleted,
};

const joins = [WIRE.join];
const speaks = [WIRE.trigger];
/** Which requests an error can be about. A code that is not here: any. */
const CAUSES: Record<string, readonly string[]> = {
  ROOM_FULL: joins,
  JOIN_DENIED: joins,
  ROOM_EXISTS: [WIRE.createRoom],
  PERMISSION_DENIED: [WIRE.createRoom, WIRE.deleteRoom],
  EVENT_NOT_ALLOWED: [WIRE.trigger, WIRE.subscribe],
  VALIDATION_FAILED: speaks,
  EVENT_BLOCKED: speaks,
  TOKEN_EXPIRED: [],
};

/**
 * Requests to a server of `dialogue-ts`, which acknowledges nothing: an answer is the event that says so, matched by what it is about, and
 * the oldest that matches where several do. Where no event answers (`dialogue:trigger`, subscriptions), a list of rooms is asked for
 * behind the request: such a server handles one after the other, so that an error of the request is there before the list.
 */
export class EventReplies {
  readonly #socket: Socket;
  readonly #pending = new Set<Pending>();
  #barrier: Pending | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  send(request: Request, milliseconds: number, settle: Settle): void {
    this.#socket.emit(request.event, ...payloadOf(request));
    const timer = setTimeout(() => {
      this.#pending.delete(pending);
      settle(Err(late(request)));
    }, milliseconds);
    const pending = { request, settle, timer };
    this.#pending.add(pending);
    if (!(request.event in ANSWERS) && this.#barrier === undefined) this.#askForBarrier();
  }

  /** An event came that may be an answer. */
  answered(event: string, payload: Reply): void {
    for (const pending of this.#pending) {
      const { request } = pending;
      if (ANSWERS[request.event] !== event || !answers(request, payload)) continue;
      if (pending === this.#barrier) this.#passBarrier(pending);
      else this.#take(pending, payload);
      return;
    }
  }

  /** An error came. Whether it was a request's. */
  failed(error: DialogueError): boolean {
    const causes = CAUSES[error.code];
    const possible = [...this.#pending].filter(
      (pending) =>
        pending !== this.#barrier &&
        (causes === undefined || causes.includes(pending.request.event)) &&
        agree(error.roomId, pending.request.roomId) &&
        agree(error.event, pending.request.eventName),
    );
    // Of those that it may be about, those that it names; where it names none, an error of any kind must have one possible cause only.
    const named = error.roomId !== undefined || error.event !== undefined || causes !== undefined;
    const cause = named || possible.length === 1 ? possible[0] : undefined;
    if (cause === undefined) return false;
    this.#take(cause, error);
    return true;
  }

  /** The connection is gone, and with it every answer. */
  lost(): void {
    this.#barrier = undefined;
    for (const pending of [...this.#pending]) this.#take(pending, lost(pending.request));
  }

  #take(pending: Pending, with_: Reply | DialogueError): void {
    clearTimeout(pending.timer);
    this.#pending.delete(pending);
    pending.settle(with_ instanceof DialogueError ? Err(with_) : Ok(with_));
  }

  #askForBarrier(): void {
    this.#socket.emit(WIRE.listRooms);
    this.#barrier = { request: { event: WIRE.listRooms }, settle: () => {}, timer: undefined };
    this.#pending.add(this.#barrier);
  }

  /** What was sent before the barrier and is not refused by now was accepted; what came after it needs another. */
  #passBarrier(barrier: Pending): void {
    let before = true;
    let more = false;
    this.#barrier = undefined;
    for (const pending of [...this.#pending]) {
      if (pending === barrier) before = false;
      else if (pending.request.event in ANSWERS) continue;
      else if (before) this.#take(pending, {});
      else more = true;
    }
    this.#pending.delete(barrier);
    if (more) this.#askForBarrier();
  }
}

/** Whether what a reply says is about what was asked. */
function answers({ event, payload, roomId, eventName }: Request, reply: Reply): boolean {
  if (event === WIRE.createRoom) return reply["id"] === payload?.["id"];
  if (event === WIRE.getHistory) {
    const start = payload?.["start"] ?? 0;
    return (
      reply["roomId"] === roomId &&
      (reply["eventName"] ?? undefined) === eventName &&
      (reply["start"] ?? start) === start
    );
  }
  return roomId === undefined || reply["roomId"] === roomId;
}

/** Whether an error may be about it: names where both have one are the same. */
const agree = (said: string | undefined, asked: string | undefined): boolean =>
  said === undefined || asked === undefined || said === asked || asked === ANY_EVENT;
