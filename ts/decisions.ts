import type {
  AuthData,
  DialogueContext,
  DialogueErrorCode,
  EventDefinition,
  EventMessage,
  HooksConfig,
  Result,
  Socket,
  ValidationIssue,
} from "../index.js";
import type { Clients } from "./clients.js";
import { getEventByName, validateEventData } from "./define-event.js";
import type { Answer, Dispatcher } from "./dispatcher.js";
import { roomNotFound } from "./errors.js";
import { isId } from "./fields.js";
import { authenticatorOf } from "./hooks.js";
import type { DecideConnect, DecideEvent, DecideJoin, NativeDialogue } from "./native.js";
import { isObject, pack, revive } from "./payload.js";
import { Err, Ok } from "./result.js";
import type { RoomState } from "./room.js";
import type { Rooms } from "./rooms.js";
import type { Hub } from "./socket-io/hub.js";
import type { ServerSocket } from "./socket-io/socket.js";
import type { LocalPayload, Triggers } from "./trigger.js";

/** What decisions lean on. */
export interface DecisionSupport {
  readonly engine: NativeDialogue;
  readonly dispatcher: Dispatcher;
  readonly hooks: HooksConfig;
  readonly hub: Hub;
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
  /** What a schema found. */
  readonly issues?: readonly ValidationIssue[] | undefined;
}

/** What a client is told of a hook that failed: nothing of why. */
const FAULTY: Refused = Object.freeze({ code: "INTERNAL", reason: "Internal error" });
const OVERDUE: Refused = Object.freeze({ code: "OVERLOADED", reason: "The server is overloaded" });
/** Bits of a verdict: what it brings. */
const HAS_DATA = 1;
const HAS_META = 2;
const HAS_ISSUES = 4;

/** What the engine asks JavaScript to decide. Verdicts on events leave together: see `settle`. */
export class Decisions {
  readonly #support: DecisionSupport;
  readonly #faults = new WeakSet<EventDefinition>();
  #verdicts: string[] = [];

  constructor(support: DecisionSupport) {
    this.#support = support;
  }

  /** An event of a client: its schema, then `beforeEach`. */
  event(call: DecideEvent, attachments: Buffer[]): void {
    const message = revive(call.message, attachments);
    const room = this.#support.rooms.byKey(call.key);
    const valid = call.validate && room ? this.#validate(room, message) : Ok();
    const decided = valid.isOk ? this.beforeEach(message) : valid;
    if (decided.isErr) this.#refuse(call.ticket, decided.error);
    else this.#accept(call.ticket, room, message.event, decided.value);
  }

  /** Has the event's schema judge the payload; what it makes of it takes its place. */
  #validate(room: RoomState, message: EventMessage): Result<void, Refused> {
    const definition = getEventByName(message.event, room.definitions);
    if (!definition) return Ok();
    const judged = validateEventData(definition, message.data, (error) => this.#faulty(definition, error));
    if (judged.isErr) return Err({ code: "VALIDATION_FAILED", reason: judged.error, issues: judged.issues });
    message.data = judged.value;
    return Ok();
  }

  /** Logs once for each definition that its schema cannot judge. */
  #faulty(definition: EventDefinition, error: unknown): void {
    if (this.#faults.has(definition)) return;
    this.#faults.add(definition);
    this.#support.dispatcher.fault(`the schema of event '${definition.name}'`, error);
  }

  #accept(ticket: number, room: RoomState | undefined, name: string, payload: LocalPayload): void {
    const { engine, triggers } = this.#support;
    const binary: Buffer[] = [];
    let data: string | undefined;
    let meta: string | undefined;
    try {
      data = pack(payload.data, binary, "refused");
      meta = pack(payload.meta, binary, "refused");
    } catch (error) {
      this.#refuse(ticket, this.unsendable(error));
      return;
    }
    const local = triggers.keep(room, name, payload);
    const bits = (data === undefined ? 0 : HAS_DATA) | (meta === undefined ? 0 : HAS_META);
    const verdict = `[${ticket},"","",${local},${bits},${data ?? "null"},${meta ?? "null"}]`;
    if (binary.length === 0) {
      this.#verdicts.push(verdict);
      return;
    }
    this.settle();
    engine.decideBinary(verdict, binary);
  }

  /** What `beforeEach` makes of a message; of the envelope nothing it changes counts. */
  readonly beforeEach = (message: EventMessage): Result<LocalPayload, Refused> => {
    const { context, dispatcher, hooks } = this.#support;
    if (!hooks.events?.beforeEach) return Ok({ data: message.data, meta: message.meta });
    const { roomId, from } = message;
    const ask = () => hooks.events?.beforeEach?.({ context, roomId, message, from });
    const decided = dispatcher.decide<EventMessage>("events.beforeEach", ask, "whole");
    if (decided === undefined) return Err(FAULTY);
    if (!decided.accepted) return Err({ code: "EVENT_BLOCKED", reason: decided.reason });
    try {
      if (!isMessage(decided.value)) throw new TypeError("events.beforeEach must return Ok(message)");
      const { data, meta } = decided.value;
      return Ok({ data, meta });
    } catch (error) {
      // What it gave may throw when it is looked at.
      dispatcher.fault("events.beforeEach", error);
      return Err(FAULTY);
    }
  };

  /** What `beforeEach` gave cannot be sent. */
  readonly unsendable = (error: unknown): Refused => {
    this.#support.dispatcher.fault("events.beforeEach", error);
    return FAULTY;
  };

  /** A client that asks to join: `beforeJoin`. */
  join({ ticket, id, key, room: roomId }: DecideJoin): void {
    const { clients, context, dispatcher, hooks, rooms } = this.#support;
    const client = clients.find(id);
    const room = rooms.byKey(key)?.handle;
    if (!client || !room) {
      this.#refuse(ticket, { code: "ROOM_NOT_FOUND", reason: roomNotFound(roomId) });
    } else {
      const decided = dispatcher.decide("clients.beforeJoin", () =>
        hooks.clients?.beforeJoin?.({ context, client, roomId, room }),
      );
      if (decided === undefined) this.#refuse(ticket, FAULTY);
      else if (!decided.accepted) this.#refuse(ticket, { code: "JOIN_DENIED", reason: decided.reason });
      else this.#verdicts.push(`[${ticket},"","",0,0,null,null]`);
    }
    // The next one who asks finds this one in the room.
    this.settle();
  }

  /** A connection that is to say who it is: `authenticate`, then the middleware of `/`. */
  connect({ ticket, socket: info, auth: authData, claims }: DecideConnect): void {
    const { context, dispatcher, hooks, hookTimeout, hub } = this.#support;
    const socket = hub.main.candidate(info);
    const authenticator = authenticatorOf(hooks);
    if (!authenticator.authenticate) {
      this.#guard(ticket, socket, undefined);
      return;
    }
    const name = "socket.authenticate";
    const clientSocket = socket as unknown as Socket;
    const ask = () =>
      authenticator.authenticate?.({ context, clientSocket, authData, ...(claims && { claims }) });
    dispatcher.ask<unknown>(name, hookTimeout, ask, (answer) => {
      const identified = this.#identified(name, answer);
      if (identified.isOk) {
        this.#guard(ticket, socket, identified.value);
        return;
      }
      this.#refuse(ticket, identified.error);
      this.settle();
    });
  }

  /** Has the middleware of `/` agree, and lets the connection in. `auth`: what `authenticate` gave, where there is one. */
  #guard(ticket: number, socket: ServerSocket, auth: AuthData | undefined): void {
    const { clients, engine, hub } = this.#support;
    hub.main.judge(socket, (outcome) => {
      if (outcome !== undefined) {
        hub.refuse(ticket, outcome);
        return;
      }
      // Whoever is told of the client finds what was left for it.
      hub.main.reserve(socket);
      if (auth) clients.admit(socket.id, { auth });
      const accepted = auth
        ? engine.identify(ticket, auth.jwt.sub, socket.id)
        : engine.ioAccept(ticket, hub.main.key, socket.id);
      if (accepted) {
        socket.begin();
        return;
      }
      hub.main.dismiss(socket);
      clients.end(socket.id);
    });
  }

  /** Hands the engine the verdicts that wait, in order. */
  readonly settle = (): void => {
    if (this.#verdicts.length === 0) return;
    const { dispatcher, engine } = this.#support;
    const verdicts = this.#verdicts;
    this.#verdicts = [];
    // A fault of ours: the engine counts as refused what it hears nothing of.
    dispatcher.observe("decisions", () => engine.decide(`[${verdicts.join()}]`));
  };

  #identified(name: string, answer: Answer<unknown>): Result<AuthData, Refused> {
    if (answer === "overdue") return Err(OVERDUE);
    if (answer === "failed") return Err(FAULTY);
    const { dispatcher } = this.#support;
    const decided = dispatcher.understand<AuthData | undefined>(name, answer.value);
    if (decided === undefined) return Err(FAULTY);
    if (!decided.accepted) return Err({ code: "UNAUTHORIZED", reason: decided.reason });
    try {
      const sub: unknown = decided.value?.jwt?.sub;
      if (typeof sub === "string" && isId(sub)) return Ok(decided.value as AuthData);
      throw new TypeError(
        `${name} must return Ok({ jwt: { sub } }) with a sub that is not empty and holds whole characters`,
      );
    } catch (error) {
      dispatcher.fault(name, error);
      return Err(FAULTY);
    }
  }

  #refuse(ticket: number, { code, reason, issues }: Refused): void {
    const told = JSON.stringify(wellFormed(reason));
    const [bits, found] = issues ? [HAS_ISSUES, JSON.stringify(issues, wellFormedValue)] : [0, "null"];
    this.#verdicts.push(`[${ticket},"${code}",${told},0,${bits},${found},null]`);
  }
}

/** Half a character, as an input can bring it into an error message, has no place in UTF-8. */
const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, "\ufffd");

const wellFormedValue = (_key: string, value: unknown): unknown =>
  typeof value === "string" ? wellFormed(value) : value;

/** Whether a hook's value can be taken for a message: what it says of payload and meta can be sent. */
function isMessage(value: unknown): value is EventMessage {
  if (!isObject(value) || !("data" in value || "event" in value)) return false;
  return value["meta"] === undefined || isObject(value["meta"]);
}
