import type { StandardSchemaV1 } from "@standard-schema/spec";
// @ts-ignore: Zod is an optional peer. Without it `z` is any, which EventSchema looks for.
import type { z } from "zod";
import type { AnyEvent, EventHistoryConfig } from "./options.js";

export type { AnyEvent, EventHistoryConfig } from "./options.js";

// ---------------------------------------------------------------- results

/** A success. The object is frozen. */
export interface OkResult<T> {
  readonly type: "Ok";
  readonly isOk: true;
  readonly isErr: false;
  readonly value: T;
  /** Returns the value; never throws. */
  expect(message: string): T;
  /** `result.unwrap().else(fallback)` returns the value. */
  unwrap(): { else(fallback: unknown): T };
}

/** A failure. The object is frozen. */
export interface ErrResult<E> {
  readonly type: "Err";
  readonly isOk: false;
  readonly isErr: true;
  readonly error: E;
  /** Throws an `Error` with this message; its `cause` is `error`. */
  expect(message: string): never;
  /** `result.unwrap().else(fallback)` returns the fallback; if it is a function, the function itself. */
  unwrap(): { else<F>(fallback: F): F };
}

/** A success with `value` or a failure with `error`; check `isOk` or `isErr`. */
export type Result<T, E> = OkResult<T> | ErrResult<E>;

/** One mistake that a schema found in a payload. */
export interface ValidationIssue {
  /** Keys and indices that lead from the payload to the wrong value; `[]`: the payload itself. */
  readonly path: readonly (string | number)[];
  /** The message of the schema. */
  readonly message: string;
}

/** A failure with its reason as a text; if a schema refused the payload, also with the mistakes. */
export interface InvalidResult extends ErrResult<string> {
  /** The mistakes: at most 100, and 16,384 characters in all. Absent if no schema refused. */
  readonly issues?: readonly ValidationIssue[];
}

/** What a deciding hook returns: any object with `isOk` or `isErr`, from this package or another. */
export type ResultLike<T, E> =
  | { readonly isOk: true; readonly value: T }
  | { readonly isErr: true; readonly error: E }
  | Result<T, E>;

/** Returns a success. */
export function Ok<T>(value: T): OkResult<T>;
export function Ok(): OkResult<void>;

/** Returns a failure. */
export function Err<E>(error: E): ErrResult<E>;

// ---------------------------------------------------------------- errors

/** The codes of errors. `dialogue:error` uses the same ones on the wire. `docs/errors.md` explains each. */
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

/** The error class of this package. Use `code` to tell errors apart; messages may change. */
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
  /** The kind of the error. */
  readonly code: DialogueErrorCode;
  /** The room concerned, if there is one. */
  readonly roomId?: string;
  /** The event concerned, if there is one. */
  readonly event?: string;
  /** For `VALIDATION_FAILED`, the mistakes that the schema found: at most 100, and 16,384 characters in all. */
  readonly issues?: readonly ValidationIssue[];
  /** Whether the same request can succeed later. */
  readonly retryable: boolean;
}

// ---------------------------------------------------------------- events

/** A schema with the output `T`: a Zod schema; if Zod is not installed, any Standard Schema. */
export type EventSchema<T = unknown> = { is: z.ZodType } extends { is: 0 }
  ? StandardSchemaV1<unknown, T>
  : z.ZodType<T>;

/** The definition of an event. Create one with {@link defineEvent}, or write an object of this shape. */
export interface EventDefinition<T = unknown> {
  /** The event's name. In a room's `events`, `"*"` allows any event. */
  readonly name: string;
  /** A description for people to read. */
  readonly description?: string;
  /** Validates the payload. Default: any payload is valid. */
  readonly schema?: EventSchema<T>;
  /** How many of these events each room keeps. Default: none. */
  readonly history?: EventHistoryConfig;
}

/** The options of {@link defineEvent}. */
export interface DefineEventOptions {
  /** A description for people to read. */
  description?: string | undefined;
  /** How many of these events each room keeps. Default: none. */
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
 * Defines an event. The result is frozen; its `schema` is the same object as in `options`.
 *
 * @param name The event's name, not empty.
 * @param options `schema`: a Zod schema (3.25 or later) or any Standard Schema, which gives the payload its type. Without a schema, the payload is
 * `unknown`, or the type that you write: `defineEvent<Payload>("name")`, or `defineEvent<"name", Payload>("name")` to keep the name in the type.
 * @throws {@link DialogueError} `INVALID_CONFIG`, naming the field.
 */
export function defineEvent<S extends EventSchema, const N extends string = string>(
  name: N,
  options: DefineEventOptions & { schema: S },
): EventDefinition<StandardSchemaV1.InferOutput<S>> & {
  readonly name: N;
  readonly schema: S;
  /** Exists in types only: the schema, for the payload of `trigger`. */
  readonly "~schema"?: S;
};
export function defineEvent<S extends StandardSchemaV1, const N extends string = string>(
  name: N,
  options: DefineEventOptions & { schema: S },
): EventDefinition<StandardSchemaV1.InferOutput<S>> & {
  readonly name: N;
  readonly schema: S & NotZods<S>;
  /** Exists in types only: the schema, for the payload of `trigger`. */
  readonly "~schema"?: S;
};
export function defineEvent<const N extends string, T>(
  name: N,
  options?: DefineEventOptions,
): EventDefinition<T> & { readonly name: N };
export function defineEvent<T = unknown>(name: string, options?: DefineEventOptions): EventDefinition<T>;

/** The type of the payload that `trigger` takes for an event: the input of its schema; without a schema, the type in the definition. */
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

/** The type of `data` in handlers of an event: the output of its schema; without a schema, the type in the definition. */
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
 * Validates a payload by the event's schema.
 *
 * @returns `Ok` with the output of the schema (defaults, coercions and transforms applied), or `Err` with
 * `Event '<name>' validation failed: <path>: <message>, …` and the same as `issues`. Without a schema: `Ok(data)`. With an asynchronous schema: `Err`.
 */
export function validateEventData<T>(event: EventDefinition<T>, data: unknown): OkResult<T> | InvalidResult;

/** Returns whether `events` allows clients to trigger `name`: it contains an event of that name, or `"*"`. */
export function isEventAllowed(name: string, events: readonly AnyEvent[]): boolean;

/** Returns the definition of exactly that name, or `undefined`. */
export function getEventByName<E extends AnyEvent = EventDefinition<unknown>>(
  name: string,
  events: readonly E[],
): E | undefined;

/** An event as handlers, hooks and clients receive it. The server sets all fields except `data` and `meta`. */
export interface EventMessage<T = unknown> {
  /** The event's name. */
  event: string;
  /** The room's id. */
  roomId: string;
  /** The payload; may be `undefined`. */
  data: T;
  /** User id of the sender, or `"system"`. */
  from: string;
  /** When the server accepted the event, in Unix milliseconds. */
  timestamp: number;
  /** The object that the sender sent with the payload, if any. */
  meta?: Record<string, unknown> | undefined;
  /** Position in the room: 1, 2, 3, … over events of all kinds. Absent in `beforeEach`, since the event is not accepted yet. */
  offset?: number;
}

/**
 * Returns whether a message is of this event, by its name. TypeScript then knows the type of its `data`: in a hook, or in a handler of all events.
 * A definition with the name `"*"` fits any message.
 *
 * @throws `TypeError` if `event` is not a definition with a name.
 */
export function is<D extends AnyEvent>(event: D, message: EventMessage): message is EventMessage<DataOut<D>>;
