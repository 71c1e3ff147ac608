import type { AuthData, DialogueContext, DialogueErrorCode, EventMessage, HooksConfig, Result } from "../index.js";
import type { Clients } from "./clients.js";
import { getEventByName, validateEventData } from "./define-event.js";
import type { Answer, Dispatcher } from "./dispatcher.js";
import { authenticateOf } from "./hooks.js";
import type { DecideConnect, DecideEvent, DecideJoin, NativeDialogue } from "./native.js";
import { pack, revive } from "./payload.js";
import { Err, Ok } from "./result.js";
import type { Rooms } from "./rooms.js";
import type { LocalPayload, Triggers } from "./trigger.js";

/** What decisions lean on. */
export interface DecisionSupport {
  readonly engine: NativeDialogue;
  readonly dispatcher: Dispatcher;
  readonly hooks: HooksConfig;
  readonly context: DialogueContext;
  readonly clients: Clients;
  readonly rooms: Rooms;
  readonly triggers: Triggers;
  /** Milliseconds that `authenticate` may take. */
  readonly hookTimeout: number;
}

/** Why something may not be. */
export interface Refused {
  readonly code: DialogueErrorCode;
  readonly reason: string;
}

/** What a client is told of a hook that failed: nothing of why. */
const FAULT = "Internal error";
const FAULTY: Refused = Object.freeze({ code: "INTERNAL", reason: FAULT });
/** Bits of a verdict: what it brings. */
const HAS_DATA = 1;
const HAS_META = 2;

/** What the engine asks JavaScript to decide. Verdicts on events leave together: see `settle`. */
export class Decisions {
  readonly #support: DecisionSupport;
  #verdicts: string[] = [];

  constructor(support: DecisionSupport) {
    this.#support = support;
  }

  /** An event of a client: its schema, then `beforeEach`. */
  event(call: DecideEvent, attachments: Buffer[]): void {
    const { rooms, triggers } = this.#support;
    const message = revive(call.message, attachments);
    const room = rooms.byKey(call.key);
    if (call.validate && room) {
      const definition = getEventByName(message.event, room.definitions);
      const judged = definition ? validateEventData(definition, message.data) : Ok(message.data);
      if (judged.isErr) return this.#refuse(call.ticket, "VALIDATION_FAILED", judged.error);
      message.data = judged.value;
    }
    const decided = this.beforeEach(message);
    if (decided.isErr) return this.#refuse(call.ticket, decided.error.code, decided.error.reason);
    const payload = decided.value;
    const binary: Buffer[] = [];
    let data: string | undefined;
    let meta: string | undefined;
    try {
      data = pack(payload.data, binary);
      meta = pack(payload.meta, binary);
    } catch (error) {
      this.#support.dispatcher.fault("events.beforeEach", error);
      return this.#refuse(call.ticket, "INTERNAL", FAULT);
    }
    const local = triggers.keep(room, message.event, payload);
    const bits = (data === undefined ? 0 : HAS_DATA) | (meta === undefined ? 0 : HAS_META);
    const verdict = `[${call.ticket},"","",${local},${bits},${data ?? "null"},${meta ?? "null"}]`;
    if (binary.length === 0) {
      this.#verdicts.push(verdict);
    } else {
      this.settle();
      this.#support.engine.decideBinary(verdict, binary);
    }
  }

  /** What `beforeEach` makes of a message; of the envelope nothing it changes counts. */
  readonly beforeEach = (message: EventMessage): Result<LocalPayload, Refused> => {
    const { context, dispatcher, hooks } = this.#support;
    const hook = hooks.events?.beforeEach;
    if (!hook) return Ok({ data: message.data, meta: message.meta });
    const { roomId, from } = message;
    const decided = dispatcher.decide<EventMessage>("events.beforeEach", () => {
      return hook({ context, roomId, message, from });
    });
    if (decided === undefined) return Err(FAULTY);
    if (!decided.accepted) return Err({ code: "EVENT_BLOCKED", reason: decided.reason });
    if (!isMessage(decided.value)) {
      dispatcher.fault("events.beforeEach", new TypeError("events.beforeEach must return Ok(message)"));
      return Err(FAULTY);
    }
    return Ok({ data: decided.value.data, meta: decided.value.meta });
  };

  /** A client that asks to join: `beforeJoin`. */
  join({ ticket, id, key, room: roomId }: DecideJoin): void {
    const { clients, context, dispatcher, hooks, rooms } = this.#support;
    const client = clients.find(id);
    const room = rooms.byKey(key)?.handle;
    if (!client || !room) {
      this.#refuse(ticket, "ROOM_NOT_FOUND", `Room '${roomId}' does not exist`);
    } else {
      const decided = dispatcher.decide("clients.beforeJoin", () =>
        hooks.clients?.beforeJoin?.({ context, client, roomId, room }),
      );
      if (decided === undefined) this.#refuse(ticket, "INTERNAL", FAULT);
      else if (!decided.accepted) this.#refuse(ticket, "JOIN_DENIED", decided.reason);
      else this.#verdicts.push(`[${ticket},"","",0,0,null,null]`);
    }
    // The next one who asks finds this one in the room.
    this.settle();
  }

  /** A connection that is to say who it is: `authenticate`. */
  connect({ ticket, socket: info, auth: authData }: DecideConnect): void {
    const { clients, context, dispatcher, hooks, hookTimeout } = this.#support;
    const clientSocket = clients.socket(info);
    const name = "socket.authenticate";
    const ask = () => authenticateOf(hooks)?.({ context, clientSocket, authData });
    dispatcher.ask<unknown>(name, hookTimeout, ask, (answer) => {
      const [code, result] = this.#identified(name, answer);
      if (code !== undefined) {
        this.#refuse(ticket, code, result);
        this.settle();
      } else if (this.#support.engine.identify(ticket, result.jwt.sub, info.id)) {
        clients.admit(info.id, { auth: result, socket: clientSocket });
      }
    });
  }

  /** Hands the engine the verdicts that wait, in order. */
  readonly settle = (): void => {
    if (this.#verdicts.length === 0) return;
    const verdicts = this.#verdicts;
    this.#verdicts = [];
    this.#support.engine.decide(`[${verdicts.join()}]`);
  };

  #identified(name: string, answer: Answer<unknown>): [undefined, AuthData] | [DialogueErrorCode, string] {
    if (answer === "overdue") return ["OVERLOADED", "The server is overloaded"];
    if (answer === "failed") return ["INTERNAL", FAULT];
    const { dispatcher } = this.#support;
    const decided = dispatcher.understand<AuthData | undefined>(name, answer.value);
    if (decided === undefined) return ["INTERNAL", FAULT];
    if (!decided.accepted) return ["UNAUTHORIZED", decided.reason];
    const sub: unknown = decided.value?.jwt?.sub;
    if (typeof sub === "string" && sub !== "") return [undefined, decided.value as AuthData];
    dispatcher.fault(name, new TypeError(`${name} must return Ok({ jwt: { sub } }) with a non-empty sub`));
    return ["INTERNAL", FAULT];
  }

  #refuse(ticket: number, code: DialogueErrorCode, reason: string): void {
    this.#verdicts.push(`[${ticket},"${code}",${JSON.stringify(reason)},0,0,null,null]`);
  }
}

/** Whether a hook's value can be taken for a message: what it says of payload and meta can be sent. */
function isMessage(value: unknown): value is EventMessage {
  if (typeof value !== "object" || value === null) return false;
  const { meta } = value as Partial<EventMessage>;
  return meta === undefined || (typeof meta === "object" && meta !== null && !Array.isArray(meta));
}
