import type { StandardSchemaV1 } from "@standard-schema/spec";
// @ts-ignore: Zod is an optional peer. Without it `z` is any, which EventSchema looks for.
import type { z } from "zod";
import type { AnyEvent, EventHistoryConfig } from "./options.js";

export type { AnyEvent, EventHistoryConfig } from "./options.js";

// ---------------------------------------------------------------- results

/** A success. Frozen. */
export interface OkResult<T> {
  readonly type: "Ok";
  readonly isOk: true;
  readonly isErr: false;
  readonly value: T;
  /** The value; never throws. */
  expect(message: string): T;
  /** `result.unwrap().else(fallback)`: the value; the fallback is not used. */
  unwrap(): { else(fallback: unknown): T };
}

/** A failure. Frozen. */
export interface ErrResult<E> {
  readonly type: "Err";
  readonly isOk: false;
  readonly isErr: true;
  readonly error: E;
  /** Throws an `Error` with this message; its `cause` is the error. */
  expect(message: string): never;
  /** `result.unwrap().else(fallback)`: the fallback as it is, a function too. */
  unwrap(): { else<F>(fallback: F): F };
}

/** Told apart by `isOk` / `isErr`; carries `value` or `error`. */
export type Result<T, E> = OkResult<T> | ErrResult<E>;

/** What a schema found wrong in a payload. */
export interface ValidationIssue {
  /** Keys and indices from the payload to the value that is meant; `[]`: the payload itself. */
  readonly path: readonly (string | number)[];
  /** In the schema's words. */
  readonly message: string;
}

/** A failure in words; if a schema refused, with what it found. */
export interface InvalidResult extends ErrResult<string> {
  /** At most 100 issues and 16,384 characters. Absent where no schema refused. */
  readonly issues?: readonly ValidationIssue[];
}

/** What a hook may return: any object told apart by `isOk` / `isErr`, from this package or another. */
export type ResultLike<T, E> =
  | { readonly isOk: true; readonly value: T }
  | { readonly isErr: true; readonly error: E }
  | Result<T, E>;

/** Makes a success. */
export function Ok<T>(value: T): OkResult<T>;
export function Ok(): OkResult<void>;

/** Makes a failure. */
export function Err<E>(error: E): ErrResult<E>;

// ---------------------------------------------------------------- errors

/** What went wrong. The same codes travel on the wire in `dialogue:error`. */
export type DialogueErrorCode =
  | "INVALID_CONFIG"
  | "PORT_IN_USE"
  | "INVALID_REQUEST"
  | "ROOM_NOT_FOUND"
  | "ROOM_EXISTS"
  | "ROOM_FULL"
  | "JOIN_DENIED"
  | "NOT_IN_ROOM"
  | "EVENT_NOT_ALLOWED"
  | "VALIDATION_FAILED"
  | "EVENT_BLOCKED"
  | "PERMISSION_DENIED"
  | "RATE_LIMITED"
  | "OVERLOADED"
  | "UNAUTHORIZED"
  | "TOKEN_EXPIRED"
  | "TIMEOUT"
  | "DISCONNECTED"
  | "INTERNAL";

/** The one error class of this package. Decide by `code`, never by the message. */
export class DialogueError extends Error {
  constructor(
    code: DialogueErrorCode,
    message: string,
    details?: {
      roomId?: string | undefined;
      event?: string | undefined;
      issues?: readonly ValidationIssue[] | undefined;
      cause?: unknown;
    },
  );
  readonly code: DialogueErrorCode;
  /** The room concerned, if there is one. */
  readonly roomId?: string;
  /** The event concerned, if there is one. */
  readonly event?: string;
  /** What a schema found, of `VALIDATION_FAILED`: at most 100 issues and 16,384 characters. */
  readonly issues?: readonly ValidationIssue[];
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
}

// ---------------------------------------------------------------- events

/** A schema whose output is `T`: one of Zod's; where Zod is not installed, any Standard Schema. */
export type EventSchema<T = unknown> = { is: z.ZodType } extends { is: 0 }
  ? StandardSchemaV1<unknown, T>
  : z.ZodType<T>;

/** An event that can be triggered. Make one with {@link defineEvent}; a plain object of this shape does too. */
export interface EventDefinition<T = unknown> {
  /** Its name; `"*"` in a room's `events` stands for any. */
  readonly name: string;
  /** For people. */
  readonly description?: string;
  /** What its payload must look like; absent: anything. */
  readonly schema?: EventSchema<T>;
  /** Absent: nothing is remembered. */
  readonly history?: EventHistoryConfig;
}

/** See {@link defineEvent}. */
export interface DefineEventOptions {
  /** For people. */
  description?: string | undefined;
  /** What a room remembers of this event; absent: nothing. */
  history?: EventHistoryConfig | undefined;
}

/**
 * What keeps Zod's methods from being called on another library's schema: an {@link EventDefinition} has to say that its schema is Zod's, for
 * programs that were written for that.
 */
type NotZods<S extends StandardSchemaV1, Z = EventSchema<StandardSchemaV1.InferOutput<S>>> = {
  readonly [K in keyof Z as K extends keyof S
    ? S[K] extends Z[K]
      ? never
      : Z[K] extends (...given: never) => unknown
        ? K
        : [S[K] & Z[K]] extends [never]
          ? K
          : never
    : Z[K] extends (...given: never) => unknown
      ? K
      : never]: never;
};

/**
 * Defines an event. The result is frozen; its `schema` is the very object given.
 *
 * @param name Not empty.
 * @param options `schema`: a Zod schema (3.25 and up, or 4) or any Standard Schema; the payload's type follows from it. Without one the payload is
 * `unknown`, or what is written: `defineEvent<Payload>("name")`, or `defineEvent<"name", Payload>("name")`, whose name the type knows too.
 * @throws {@link DialogueError} `INVALID_CONFIG`, naming the field.
 */
export function defineEvent<S extends EventSchema, const N extends string = string>(
  name: N,
  options: DefineEventOptions & { schema: S },
): EventDefinition<StandardSchemaV1.InferOutput<S>> & {
  readonly name: N;
  readonly schema: S;
  /** A type alone: of what `trigger` takes. */
  readonly "~schema"?: S;
};
export function defineEvent<S extends StandardSchemaV1, const N extends string = string>(
  name: N,
  options: DefineEventOptions & { schema: S },
): EventDefinition<StandardSchemaV1.InferOutput<S>> & {
  readonly name: N;
  readonly schema: S & NotZods<S>;
  /** A type alone: of what `trigger` takes. */
  readonly "~schema"?: S;
};
export function defineEvent<const N extends string, T>(
  name: N,
  options?: DefineEventOptions,
): EventDefinition<T> & { readonly name: N };
export function defineEvent<T = unknown>(name: string, options?: DefineEventOptions): EventDefinition<T>;

/** What `trigger` takes for an event: the input of its schema; without one, what the definition says. */
export type DataIn<D> = 0 extends 1 & D
  ? any
  : D extends unknown
    ? "~schema" extends keyof D
      ? StandardSchemaV1.InferInput<SchemaOf<D>>
      : D extends { readonly schema: infer S extends StandardSchemaV1 }
        ? StandardSchemaV1.InferInput<S>
        : D extends EventDefinition<infer T>
          ? T
          : unknown
    : never;

/** What handlers of an event get as `data`: the output of its schema; without one, what the definition says. */
export type DataOut<D> = 0 extends 1 & D
  ? any
  : D extends unknown
    ? "~schema" extends keyof D
      ? StandardSchemaV1.InferOutput<SchemaOf<D>>
      : D extends { readonly schema: infer S extends StandardSchemaV1 }
        ? StandardSchemaV1.InferOutput<S>
        : D extends EventDefinition<infer T>
          ? T
          : unknown
    : never;

/** The schema that {@link defineEvent} was given. */
type SchemaOf<D> = D extends { readonly "~schema"?: infer S } ? Extract<S, StandardSchemaV1> : never;

/**
 * Judges a payload by the event's schema.
 *
 * @returns `Ok` with what the schema made of it (defaults, coercions and transforms applied), or `Err` with
 * `Event '<name>' validation failed: <path>: <message>, …` and the same as `issues`. Without a schema: `Ok(data)`. An asynchronous schema: `Err`.
 */
export function validateEventData<T>(event: EventDefinition<T>, data: unknown): OkResult<T> | InvalidResult;

/** Whether a client may trigger `name` where these are the events: one of that name, or `"*"`, is among them. */
export function isEventAllowed(name: string, events: readonly AnyEvent[]): boolean;

/** The definition of exactly that name, if it is among them. */
export function getEventByName<E extends AnyEvent = EventDefinition<unknown>>(
  name: string,
  events: readonly E[],
): E | undefined;

/** An event as handlers, hooks and clients see it. The envelope is the server's. */
export interface EventMessage<T = unknown> {
  /** The event's name. */
  event: string;
  /** The room's id. */
  roomId: string;
  /** The payload; may be absent. */
  data: T;
  /** User id of the sender, or `"system"`. */
  from: string;
  /** When it was accepted, in Unix milliseconds. */
  timestamp: number;
  /** Whatever the sender put beside the payload. */
  meta?: Record<string, unknown> | undefined;
  /** Place in the room, from 1, growing by one with every event of whatever kind; absent before the event is accepted. */
  offset?: number;
}

/**
 * Whether a message is of this event, by its name: in a hook, or a handler of every event, it then has the event's type. A definition named
 * `"*"` is that of any message.
 *
 * @throws `TypeError` where `event` is no definition with a name.
 */
export function is<D extends AnyEvent>(event: D, message: EventMessage): message is EventMessage<DataOut<D>>;
