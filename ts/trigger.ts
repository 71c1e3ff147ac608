import type {
  EventDefinition,
  EventMessage,
  HooksConfig,
  InvalidResult,
  OkResult,
  Result,
} from "../index.js";
import type { CallQueue } from "./call-queue.js";
import type { Refused } from "./decisions.js";
import { getEventByName, isEventAllowed, validateEventData } from "./define-event.js";
import { eventNotAllowed, roomNotFound } from "./errors.js";
import { HALF_A_CHARACTER, isWellFormed } from "./fields.js";
import { watchesEvents } from "./hooks.js";
import type { NativeDialogue } from "./native.js";
import { isObject, pack } from "./payload.js";
import { Err, Ok } from "./result.js";
import type { RoomState } from "./room.js";

/** What the server triggered, as it was given: its own handlers get this, not what JSON made of it. */
export interface LocalPayload {
  readonly data: unknown;
  readonly meta: Record<string, unknown> | undefined;
}

/** What decides about the server's own events. */
export interface Decider {
  /** What `beforeEach` makes of a message. */
  beforeEach(message: EventMessage): Result<LocalPayload, Refused>;
  /** `beforeEach` gave what cannot be sent; what the one who triggers is told. */
  unsendable(error: unknown): Refused;
  /** Hands the engine the verdicts that wait. */
  settle(): void;
}

const DONE = Ok();

/** The number of the newest payload that is kept, in whichever engine of the process: numbers grow, as far as a double counts. */
export const numbers = { last: 0 };

/** Events that the server itself triggers. */
export class Triggers {
  readonly #engine: NativeDialogue;
  readonly #queue: CallQueue;
  readonly #hooks: HooksConfig;
  readonly #decider: Decider;
  // In order of triggering, which is the order in which they come back.
  readonly #payloads = new Map<number, LocalPayload>();

  constructor(engine: NativeDialogue, queue: CallQueue, hooks: HooksConfig, decider: Decider) {
    this.#engine = engine;
    this.#queue = queue;
    this.#hooks = hooks;
    this.#decider = decider;
  }

  /** Keeps what handlers are to get, under a number that comes back with the event. 0: nobody is to get anything. */
  keep(room: RoomState | undefined, name: string, payload: LocalPayload): number {
    if (!watchesEvents(this.#hooks) && !room?.hears(name)) return 0;
    this.#payloads.set(++numbers.last, payload);
    return numbers.last;
  }

  /** Allowed, validated, decided, accepted: in this order, and all of it before this returns. */
  trigger(
    room: RoomState,
    event: EventDefinition,
    data: unknown,
    from: unknown,
    meta: unknown,
  ): OkResult<void> | InvalidResult {
    const refusal = refuse(room, event, from, meta);
    if (refusal !== undefined) return Err(refusal);

    const judge = event.schema === undefined ? getEventByName(event.name, room.definitions) : event;
    const judged: OkResult<unknown> | InvalidResult = judge ? validateEventData(judge, data) : Ok(data);
    if (judged.isErr) return judged;

    const message: EventMessage = {
      ...{
        event: event.name,
        roomId: room.id,
        data: judged.value,
        from: from as string,
        timestamp: Date.now(),
      },
      ...(meta !== undefined && { meta: meta as Record<string, unknown> }),
    };
    const decided = this.#decider.beforeEach(message);
    if (decided.isErr) return Err(decided.error.reason);
    const { data: said, meta: beside } = decided.value;
    const itsOwn = said === judged.value && beside === meta;
    return this.#accept(room, event.name, from as string, decided.value, itsOwn);
  }

  /** What was triggered under this number; it is handed out once. */
  take(local: number): LocalPayload | undefined {
    const payload = this.#payloads.get(local);
    // Earlier ones that did not come back were dropped by a full queue.
    for (const number of this.#payloads.keys()) {
      if (number > local) break;
      this.#payloads.delete(number);
    }
    return payload;
  }

  /** `itsOwn`: the payload is what was triggered, and not what `beforeEach` made of it. */
  #accept(
    room: RoomState,
    name: string,
    from: string,
    payload: LocalPayload,
    itsOwn: boolean,
  ): Result<void, string> {
    const attachments: Buffer[] = [];
    let data: string | undefined;
    let meta: string | undefined;
    try {
      const promises = itsOwn ? "written" : "refused";
      data = pack(payload.data, attachments, promises);
      meta = pack(payload.meta, attachments, promises);
    } catch (error) {
      if (!itsOwn) return Err(this.#decider.unsendable(error).reason);
      return Err(`Event '${name}' cannot be sent: ${(error as Error).message}`);
    }

    // Numbers come back in their order: what was decided before this is accepted before it.
    this.#decider.settle();
    const local = this.keep(room, name, payload);
    const reason = this.#engine.trigger(room.key, name, from, data ?? null, meta ?? null, attachments, local);
    if (reason !== null) {
      this.#payloads.delete(local);
      return Err(reason || roomNotFound(room.id));
    }
    if (local > 0) this.#queue.drainUntil(local);
    // What this evicted goes out before more is triggered, or a long loop would fill the backlog of `onCleanup`.
    else if (this.#hooks.events?.onCleanup) this.#queue.drain();
    return DONE;
  }
}

/** Why this may not be triggered, whatever its data. */
function refuse(room: RoomState, event: EventDefinition, from: unknown, meta: unknown): string | undefined {
  if (room.ended) return roomNotFound(room.id);
  if (typeof event?.name !== "string") return "The event must be a definition with a name";
  if (typeof from !== "string") return "from: must be a user id";
  if (!isWellFormed(from)) return `from: ${HALF_A_CHARACTER}`;
  if (!isWellFormed(event.name)) return `The event's name ${HALF_A_CHARACTER}`;
  if (meta !== undefined && !isObject(meta)) return "meta: must be an object";
  // An empty list binds clients only.
  const allowed = room.definitions.length === 0 || isEventAllowed(event.name, room.definitions);
  return allowed ? undefined : eventNotAllowed(event.name, room.id);
}

/** Puts the server's own payload into the message that came back for it. */
export function restore(message: EventMessage, payload: LocalPayload | undefined): EventMessage {
  if (payload?.data !== undefined) message.data = payload.data;
  if (payload?.meta !== undefined) message.meta = payload.meta;
  return message;
}
