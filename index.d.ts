/// <reference lib="esnext.disposable" />
import type { Hono } from "hono";
import type {
  DataIn,
  DataOut,
  DialogueErrorCode,
  EventDefinition,
  EventMessage,
  InvalidResult,
  OkResult,
  Result,
  ResultLike,
} from "./events.js";
import type { AnyEvent, LimitsConfig, Logger } from "./options.js";
import type {
  Among,
  ById,
  DataFor,
  DataOf,
  EventsOf,
  IsOpen,
  KnownRooms,
  NameOf,
  OfRoom,
  RoomId,
} from "./rooms.js";
import type { Server, Socket } from "./socket-io.js";

// ---------------------------------------------------------------- events, results, errors, limits

export type {
  AnyEvent,
  DataIn,
  DataOut,
  DefineEventOptions,
  DialogueErrorCode,
  ErrResult,
  EventDefinition,
  EventHistoryConfig,
  EventMessage,
  EventSchema,
  InvalidResult,
  OkResult,
  Result,
  ResultLike,
  ValidationIssue,
} from "./events.js";
export {
  DialogueError,
  defineEvent,
  Err,
  getEventByName,
  is,
  isEventAllowed,
  Ok,
  validateEventData,
} from "./events.js";
export type { LimitsConfig, LogEntry, Logger } from "./options.js";

// ---------------------------------------------------------------- logs

/**
 * Logs to the console: `[Dialogue] [LEVEL]`, then the entry. `debug` only while `NODE_ENV` is `development` or `DEBUG`
 * is set.
 */
export function createDefaultLogger(): Logger;

/** Logs nothing. */
export function createSilentLogger(): Logger;

// ---------------------------------------------------------------- rooms

/** What a room is made of. */
export interface RoomConfig {
  /** For people. */
  name: string;
  /** For people. */
  description?: string | undefined;
  /** Most connections in the room, a positive integer; absent: no bound. Exact under concurrent joins. */
  maxSize?: number | undefined;
  /**
   * What may be triggered. `[]`: clients nothing, the server anything. `[{ name: "*" }]`: anything, judged only where it is
   * also listed by name. `{ name }` alone stands for the definition of that name in {@link DialogueConfig.events}, if there is
   * one.
   */
  events: readonly EventDefinition<unknown>[];
  /** Event names that one who joins is subscribed to; `"*"` is everything. Default: none. */
  defaultSubscriptions?: readonly string[] | undefined;
  /** User id of the one who may delete it by `dialogue:deleteRoom`; absent: no client may. */
  createdById?: string | undefined;
  /**
   * History sent to one who joins: `true` what is in memory (up to `limits.historyPage`), a number the newest so many of each
   * kind of event. Default false.
   */
  syncHistoryOnJoin?: boolean | number | undefined;
  /**
   * Whether it is shown by `dialogue:listRooms` and announced by `dialogue:roomCreated`. Default true. Changes and the end of one that is not are
   * told to its members only.
   */
  listed?: boolean | undefined;
}

/**
 * A room. The same room is always the same object. After the room was deleted its methods do nothing.
 *
 * `E`: its events, where the configuration's type says them; others are not accepted then. Without it, any.
 */
export interface Room<E = any> {
  readonly id: string;
  /** The properties tell what `updateRoom` last made of them. */
  readonly name: string;
  readonly description?: string;
  readonly maxSize?: number;
  /** The very definitions given. */
  readonly events: EventDefinition<unknown>[];
  readonly defaultSubscriptions: string[];
  readonly createdById?: string;
  /**
   * Sends an event to all who are subscribed. When it returns, the event is accepted or refused, and the server's own
   * handlers have run.
   *
   * @param event What to trigger. If it carries no schema, that of the room's definition of the same name judges `data`.
   * @param data The schema's input. Binary values may stand anywhere inside.
   * @param from User id of the sender; default `"system"`.
   * @param meta An object that travels beside the payload.
   * @returns `Err` with the reason where the event is not allowed in the room, the data is refused (then with `issues`) or cannot be sent.
   */
  trigger<T, const D extends AnyEvent = EventDefinition<T> & OfRoom<E>>(
    event: Among<D, E>,
    data: DataFor<D, E>,
    from?: string,
    meta?: Record<string, unknown>,
  ): OkResult<void> | InvalidResult;
  /**
   * Calls `handler` for every such event, whoever triggered it; `{ name: "*" }` for every event. A handler that throws or
   * rejects is logged.
   *
   * @returns Ends it; may be called more than once.
   */
  on<const D extends AnyEvent>(
    event: Among<D, E, "*">,
    handler: (message: EventMessage<DataOf<D, E>>) => void,
  ): () => void;
  on<T>(event: EventDefinition<T> & OfRoom<E, "*">, handler: (message: EventMessage<T>) => void): () => void;
  /** How many connections are in it. */
  size(): number;
  /** Whether `maxSize` is reached; false where there is none. */
  isFull(): boolean;
  /** Who is in it, in order of joining. */
  participants(): ConnectedClient[];
  /**
   * What was triggered, newest first: memory, then `onLoad` for what is older.
   *
   * @param start 0 is the newest. @param end Exclusive. Both are clamped to integers of 0 and up. `limits.historyPage` binds
   * clients, not this.
   * @param event A definition, or the name of one.
   * @throws `TypeError` where `event` is neither. (rejects) {@link DialogueError} `INTERNAL` when `onLoad` failed.
   */
  history<const D extends AnyEvent>(
    event: Among<D, E>,
    start: number,
    end: number,
  ): Promise<EventMessage<DataOf<D, E>>[]>;
  history<N extends IsOpen<E> extends true ? string : NameOf<E>>(
    eventName: N,
    start: number,
    end: number,
  ): Promise<EventMessage<IsOpen<E> extends true ? unknown : DataOut<Extract<E, { readonly name: N }>>>[]>;
}

/** What {@link RoomWith} has of one event. Properties, since parameters of methods are compared loosely. */
interface RoomMethods<D extends AnyEvent> {
  readonly trigger: (
    event: D,
    data: DataIn<D>,
    from?: string,
    meta?: Record<string, unknown>,
  ) => OkResult<void> | InvalidResult;
  readonly on: (event: D, handler: (message: EventMessage<DataOut<D>>) => void) => () => void;
  readonly history: (event: D, start: number, end: number) => Promise<EventMessage<DataOut<D>>[]>;
}

/**
 * A room that has at least these events, whatever else it has: for the parameter of a function that serves several rooms.
 *
 * @example
 * function greet(room: RoomWith<typeof Message>) {
 *   room.trigger(Message, { text: "Welcome" });
 * }
 * greet(dialogue.room("lobby")); // does not compile if the lobby has no such event
 */
export type RoomWith<E extends AnyEvent> = Omit<Room, keyof RoomMethods<E>> & AllOf<E>;
/** The methods of every event of a union. */
type AllOf<E> = (E extends AnyEvent ? (methods: RoomMethods<E>) => void : never) extends (
  methods: infer All,
) => void
  ? All
  : never;

// ---------------------------------------------------------------- clients

/**
 * A connection. The same connection is always the same object. Every call has acted when it returns; what cannot be done (no
 * such room, a full one) is a warning in the log and no change, never an exception.
 */
export interface ConnectedClient {
  /** `socket.id`. */
  readonly id: string;
  /** Who it is; one user may have many connections. */
  readonly userId: string;
  readonly socket: Socket;
  /** An ordinary object that keeps what is written into it. */
  readonly meta: Record<string, unknown>;
  /** What `authenticate` or `jwt` found; an ordinary object. */
  readonly auth?: AuthData;
  /** Puts it into a room, within `maxSize`, without asking `beforeJoin`, and tells it. A full room: it gets `ROOM_FULL`. */
  join(
    roomId: string,
    options?: {
      /**
       * Send the room's history to this client, as its own join would: `true` what is in memory, a number the newest so many of
       * each kind. Default false.
       */
      history?: boolean | number | undefined;
    },
  ): void;
  leave(roomId: string): void;
  subscribe(roomId: string, eventName: string): void;
  subscribeAll(roomId: string): void;
  unsubscribe(roomId: string, eventName: string): void;
  /** Ids of the rooms it is in. */
  rooms(): string[];
  /** Names of the events it is subscribed to; `"*"` is everything. */
  subscriptions(roomId: string): string[];
  /** A plain Socket.IO emit to this client. */
  send<T>(event: string, data: T): void;
  /** Ends the connection; the client does not come back by itself. */
  disconnect(): void;
}

/** The rooms that any of a user's connections is in. */
export interface ClientRooms {
  readonly ids: string[];
  /** Calls back for each room. */
  forAll(callback: (roomId: string) => void): void;
  /** Takes all of the user's connections out of each room; calls back for each room before leaving it. */
  leaveAll(callback?: (roomId: string) => void): void;
}

// ---------------------------------------------------------------- identity

/** The claims of a JSON Web Token. Times are Unix seconds. */
export interface JwtClaims {
  /** The user id. */
  sub: string;
  /** When it ends. */
  exp: number;
  /** When it was issued. A token whose issuer leaves it out is accepted, and then it is absent here too. */
  iat: number;
  [key: string]: unknown;
}

/** What is known of an authenticated client. */
export interface AuthData {
  jwt: JwtClaims;
  [key: string]: unknown;
}

/** What `authenticate` hands back: `exp` and `iat` may be missing, and are not enforced. */
export interface AuthInput {
  jwt: { sub: string; exp?: number; iat?: number; [key: string]: unknown };
  [key: string]: unknown;
}

/** Who a client is. */
export interface AuthenticateResult {
  userId: string;
  meta: Record<string, unknown>;
}

export type JwtAlgorithm =
  | "HS256"
  | "HS384"
  | "HS512"
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "EdDSA";

/**
 * How the engine verifies the token in `auth.token`, or in an `Authorization: Bearer` header: without JavaScript. Exactly one of
 * `secret`, `publicKey`, `jwks` and `jwksUri`. The connection ends when the token does; see `docs/identity.md`.
 */
export interface JwtConfig {
  /** For HS256, HS384, HS512. Use at least 32 random bytes: a shorter or guessable one can be found from a single token. */
  secret?: string | Uint8Array | undefined;
  /** PEM: RSA of 2,048 to 8,192 bits, P-256, P-384 or Ed25519; or a certificate of such a key. */
  publicKey?: string | undefined;
  /** JSON Web Keys. A token's `kid` says which one; those that verify no signatures are passed over. */
  jwks?: { keys: object[] } | undefined;
  /**
   * Where such a set is fetched: `https`, or `http` to loopback. Fetched when the first token comes, then for a `kid` that is not
   * known at most once a minute, and every ten minutes while tokens come. 5 s and 256 KiB at most, no redirects.
   */
  jwksUri?: string | undefined;
  /** Those that count. Default: all that the key is for, read from the key. */
  algorithms?: readonly JwtAlgorithm[] | undefined;
  /** Whose tokens are taken: `iss` is one of these. Default: anyone's who has the key. */
  issuer?: string | readonly string[] | undefined;
  /** For whom: `aud` names one of these. Default: not asked. */
  audience?: string | readonly string[] | undefined;
  /** Seconds by which clocks may differ, 0 to 86,400: for `exp`, `nbf` and `iat`. Default 0. */
  leeway?: number | undefined;
  /**
   * Whether one without a token is refused. Default true. With false such a one gets the socket id as its user id, never a name of its
   * own choosing; a token that is not good is refused all the same.
   */
  required?: boolean | undefined;
}

/**
 * Signs a token. `iat` is now, `exp` follows from `expiresIn`; claims that are given stay as they are.
 *
 * @param key A secret, or a private key in PEM: RSA, or in PKCS #8 P-256, P-384 or Ed25519.
 * @param options.algorithm Default: HS256 with a secret; RS256, ES256, ES384 or EdDSA by the kind of the private key.
 * @param options.expiresIn Seconds, or a text such as `"30s"`, `"15m"`, `"1h"`, `"7d"`. Default one hour.
 * @param options.keyId The header's `kid`.
 * @throws {@link DialogueError} `INVALID_CONFIG` for a key, a claim or an option that is not acceptable.
 */
export function signJwt(
  claims: Record<string, unknown> & { sub: string },
  key: string | Uint8Array,
  options?: {
    algorithm?: JwtAlgorithm | undefined;
    expiresIn?: number | string | undefined;
    keyId?: string | undefined;
  },
): string;

/**
 * Verifies a token as the engine does at a connect: signature, `exp` (which it must have), `nbf`, `iat`, and what the options ask for.
 * An `Err` says in a sentence what is wrong and shows nothing of the token.
 *
 * @param key A secret, a public key in PEM, or a set of JSON Web Keys. A PEM text is never taken for a secret.
 * @throws {@link DialogueError} `INVALID_CONFIG` for a key or an option that is not acceptable.
 */
export function verifyJwt(
  token: string,
  key: string | Uint8Array | { keys: object[] },
  options?: Omit<JwtConfig, "secret" | "publicKey" | "jwks" | "jwksUri" | "required">,
): Result<JwtClaims, string>;

// ---------------------------------------------------------------- hooks

/** Live views of what there is; built at no cost per event. */
export interface DialogueContext {
  io: Server;
  /** By client id. */
  clients: Record<string, ConnectedClient>;
  /** By room id. */
  rooms: Record<string, Room>;
}

type WithContext = { context: DialogueContext };
type Authenticate = (
  p: WithContext & { clientSocket: Socket; authData: unknown; claims?: JwtClaims },
) => ResultLike<AuthInput, string> | Promise<ResultLike<AuthInput, string>>;

/**
 * Functions that observe or decide. One that throws, rejects, returns the wrong thing or does not decide within
 * `limits.hookTimeout` never ends the process: an observer is logged, one that decides has refused. A synchronous deciding hook
 * (`beforeJoin`, `beforeEach`) that returns a promise has returned the wrong thing. Each is called as a method of the object that it
 * stands in. A name that is not known is `INVALID_CONFIG` where it is close to a hook's or another group's, else a warning.
 */
export interface HooksConfig {
  /** The same as `socket.authenticate`. Both may be given only where they are one function. */
  authenticate?: Authenticate;
  socket?: {
    /** Decides who a client is, or that it is nobody. */
    authenticate?: Authenticate;
    /** A socket connected; before `clients.onConnected`. */
    onConnect?(p: WithContext & { clientSocket: Socket }): void;
    /** It is gone; after `clients.onDisconnected` and every `onLeft`. */
    onDisconnect?(p: WithContext & { clientSocket: Socket }): void;
  };
  clients?: {
    /** Decides whether a client may join a room. Synchronous. */
    beforeJoin?(
      p: WithContext & { client: ConnectedClient; roomId: string; room: Room },
    ): ResultLike<void, string>;
    /** A client connected; none of its commands is handled before the synchronous part has returned. */
    onConnected?(client: ConnectedClient): void;
    /** It is gone. Its rooms can still be asked for until the synchronous part has returned. */
    onDisconnected?(client: ConnectedClient): void;
    /** It is in a room, whoever put it there. */
    onJoined?(client: ConnectedClient, roomId: string): void;
    /** It is out of a room, whatever the cause. */
    onLeft?(client: ConnectedClient, roomId: string): void;
  };
  rooms?: {
    /** Also for the rooms of the config, inside `createDialogue`. */
    onCreated?(room: Room): void;
    onUpdated?(room: Room): void;
    onDeleted?(roomId: string): void;
  };
  events?: {
    /** Decides on an event, or changes its `data` and `meta`. Synchronous. */
    beforeEach?(
      p: WithContext & { roomId: string; message: EventMessage; from: string },
    ): ResultLike<EventMessage, string>;
    /** After the handlers of `on`. `recipientCount`: how many connections it was sent to. */
    afterEach?(p: WithContext & { roomId: string; message: EventMessage; recipientCount: number }): void;
    /** An event was accepted and sent; before the handlers of `on`. */
    onTriggered?(roomId: string, event: EventMessage): void;
    /** Events leave memory, oldest first: evicted, or left when the room is deleted or the server stops, which waits for it. */
    onCleanup?(roomId: string, eventName: string, events: EventMessage[]): void;
    /**
     * Supplies what is older than memory: `start` (0 is the newest event that memory does not hold) to `end` (exclusive), newest
     * first.
     */
    onLoad?(roomId: string, eventName: string, start: number, end: number): Promise<EventMessage[]>;
  };
}

// ---------------------------------------------------------------- dialogue

/** Which pages of other origins may call. */
export interface CorsConfig {
  /** `"*"` or `true`: any. `false`: the server's own only. Else the ones that may, as `https://example.com`. */
  origin: string | readonly string[] | boolean;
  /** Methods that a preflight allows. Default GET, POST. */
  methods?: readonly string[] | undefined;
  /** Whether cookies may be sent. Only with listed origins, where the default is true. */
  credentials?: boolean | undefined;
}

/**
 * What can answer HTTP requests: a Hono app, or any object with such a `fetch` method.
 *
 * In TypeScript, a `fetch` that names the server in whose configuration it stands needs a written return type: `fetch: (request): Response => …`.
 */
export interface FetchApp {
  fetch(request: Request, ...rest: any[]): Response | Promise<Response>;
}

/** What the type of a configuration's `rooms` may be. */
export type RoomsConfig =
  | { readonly [id: string]: RoomShape }
  | readonly (RoomShape & { readonly id: string })[];
/** A {@link RoomConfig} with events of any schema. */
type RoomShape = Omit<RoomConfig, "events"> & { events: readonly AnyEvent[] };
/** A name that is in no {@link RoomConfig} is a mistake. */
type KnownFields<R> = {
  [K in keyof R]: {
    [Field in keyof R[K]]: Field extends keyof RoomConfig | "id" ? R[K][Field] : never;
  };
};
type RoomOf<R, Id> = 0 extends 1 & R
  ? Room | null
  : Id extends keyof ById<R>
    ? Room<EventsOf<R, Id>>
    : Room | null;
/** What is undefined is as if it were absent, with `exactOptionalPropertyTypes` too. */
type OrUndefined<T> = { [K in keyof T]: T[K] | undefined };

/** What `createDialogue` takes. A field that is not known, here, in `cors` or in a room, is a warning in the log. */
export interface DialogueConfig<
  R extends RoomsConfig = Record<string, RoomConfig> | readonly (RoomConfig & { id: string })[],
> {
  /** TCP port, 0 to 65535; 0 takes any free one. Default 3000. */
  port?: number | undefined;
  /** Address to listen on. Default: all interfaces. */
  host?: string | undefined;
  /** Answers every request outside the Socket.IO path. Default: a new Hono app, see {@link Dialogue.app}. */
  app?: Hono | FetchApp | undefined;
  /** The rooms that exist from the start: by id, or as a list. */
  rooms: R;
  /** Definitions that rooms may name by `{ name }` alone. */
  events?: readonly EventDefinition<unknown>[] | undefined;
  hooks?: HooksConfig | undefined;
  /** Default: {@link createDefaultLogger}. */
  logger?: Logger | undefined;
  /** Absent or `true`: any origin, without credentials. `false`: the server's own only. */
  cors?: CorsConfig | boolean | undefined;
  /** Only reported by the adapter; the engine runs where it is loaded. */
  runtime?: Runtime | undefined;
  /** Which tokens say who connects. With `hooks.socket.authenticate` too: that is asked after a good token, and gets its `claims`. */
  jwt?: JwtConfig | undefined;
  limits?: OrUndefined<LimitsConfig> | undefined;
  socket?: SocketOptions | undefined;
  /** Threads of the engine, a positive integer. Default: one less than the cores available, since JavaScript needs one of them; at least 1. */
  threads?: number | undefined;
  /**
   * Serves `https` and `wss` on the port, and nothing else there. `cert`: the certificate, its chain behind it; `key`: its private key, RSA, ECDSA or
   * Ed25519, without a passphrase; PEM each. TLS 1.2 and 1.3. Default: no TLS.
   *
   * @throws {@link DialogueError} `INVALID_CONFIG` that names the field, and shows nothing of it.
   */
  tls?: { cert: string | Uint8Array; key: string | Uint8Array } | undefined;
  /**
   * Replaces the global `Response`, `Request` and `fetch`, so that requests and (on Node) responses can be light: the runtime's own are made of them when more is asked than
   * status, URL and headers. They behave like the runtime's, and share its prototypes. Default true.
   *
   * With `false` the global objects are left alone, and the app gets the runtime's own requests, which is slower. On Bun the `Content-Type` of a response that has none is then read off its
   * body: `text/plain;charset=utf-8` if that is UTF-8, else `application/octet-stream`.
   */
  overrideGlobalObjects?: boolean | undefined;
}

/** Transport options, under Socket.IO's names. */
export interface SocketOptions {
  /** Path that the transport answers; a `/` in front is added. Default `/socket.io`. */
  path?: string | undefined;
  /** Milliseconds between two pings. Default 25,000. */
  pingInterval?: number | undefined;
  /** Milliseconds within which a ping must be answered. Default 20,000. */
  pingTimeout?: number | undefined;
  /** Most bytes of one message, over all its fragments and attachments. Default 1,000,000. */
  maxHttpBufferSize?: number | undefined;
  /** Milliseconds from the Engine.IO handshake to the Socket.IO connect. Default 10,000. */
  connectTimeout?: number | undefined;
  /** Milliseconds within which an upgrade must be completed. Default 10,000. */
  upgradeTimeout?: number | undefined;
  /** Transports that are offered. Default both. */
  transports?: readonly ("polling" | "websocket")[] | undefined;
}

/**
 * The server.
 *
 * `R`: the rooms of its configuration, as {@link createDialogue} finds their type. Without it, any rooms.
 */
export interface Dialogue<R = any> {
  /** A type alone: of what `createDialogueClient<typeof dialogue>` knows. */
  readonly "~rooms"?: R;
  /** The app given, or the one made. */
  readonly app: Hono;
  /** The Socket.IO server. */
  readonly io: Server;
  /** The bound port once started, the configured one before. */
  readonly port: number;
  /** As {@link Room.trigger}; a room that does not exist: `Err("Room '<id>' does not exist")`. */
  trigger<
    T,
    Id extends RoomId<R> = RoomId<R>,
    const D extends AnyEvent = EventDefinition<T> & OfRoom<EventsOf<R, Id>>,
  >(
    roomId: Id,
    event: Among<D, EventsOf<R, Id>>,
    data: DataFor<D, EventsOf<R, Id>>,
    from?: string,
    meta?: Record<string, unknown>,
  ): OkResult<void> | InvalidResult;
  /** As {@link Room.on}; a room that does not exist: a warning in the log, and nothing to end. */
  on<Id extends RoomId<R>, const D extends AnyEvent>(
    roomId: Id,
    event: Among<D, EventsOf<R, Id>, "*">,
    handler: (message: EventMessage<DataOf<D, EventsOf<R, Id>>>) => void,
  ): () => void;
  on<T, Id extends RoomId<R> = string>(
    roomId: Id,
    event: EventDefinition<T> & OfRoom<EventsOf<R, Id>, "*">,
    handler: (message: EventMessage<T>) => void,
  ): () => void;
  /**
   * The room of this id. One that the configuration's type names is taken to be there: after `deleteRoom` ask {@link Dialogue.getRoom}.
   */
  room<Id extends RoomId<R>>(id: Id): RoomOf<R, Id>;
  /** The same as `room`, where the room may be gone. */
  getRoom<Id extends RoomId<R>>(id: Id): RoomOf<R, Id> | null;
  /** All rooms, in order of creation. */
  rooms(): Room[];
  /**
   * Makes a room; everyone connected is told unless `listed` is false.
   *
   * @returns `null` when the id is taken, or not acceptable (a warning says why).
   * @throws {@link DialogueError} `INVALID_CONFIG`, naming the field.
   */
  createRoom(id: string, config: RoomConfig, createdById?: string): Room | null;
  createRoom(config: RoomConfig & { id: string }): Room | null;
  /**
   * Changes what is given. Members above a smaller `maxSize` stay; `defaultSubscriptions` count for later joins.
   *
   * @returns `null` when there is no such room.
   * @throws {@link DialogueError} `INVALID_CONFIG`, naming the field.
   */
  updateRoom(id: string, changes: Partial<Omit<RoomConfig, "createdById">>): Room | null;
  /** Removes all members, tells everyone, and hands the history to `onCleanup`. False when there is no such room. */
  deleteRoom(id: string): boolean;
  /** The user's connections. */
  getClients(userId: string): ConnectedClient[];
  getAllClients(): ConnectedClient[];
  getClientRooms(userId: string): ClientRooms;
  /** Whether any of the user's connections is in the room. */
  isInRoom(userId: string, roomId: string): boolean;
  /**
   * What the server has counted since it was made, and what it holds now. Works before `start` and after `stop`. It looks at no session: it may be
   * called every second, however many clients there are.
   */
  metrics(): Metrics;
  /**
   * Resolves once the port is bound; while running, the same promise.
   *
   * @throws (rejects) {@link DialogueError} `PORT_IN_USE`, naming the port.
   */
  start(): Promise<void>;
  /**
   * Closes every connection so that clients look for what comes next, hands what is left of history to `onCleanup`, and
   * resolves when every socket and task is gone. May be called twice; `start` works again afterwards.
   */
  stop(): Promise<void>;
  /** `stop`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a server; nothing listens before `start()`.
 *
 * @throws {@link DialogueError} `INVALID_CONFIG`: `<path of the field>: <what was expected>`.
 */
export function createDialogue<const R extends RoomsConfig>(
  config: DialogueConfig<R> & { rooms: KnownFields<R> },
): Dialogue<KnownRooms<R>>;

// ---------------------------------------------------------------- metrics
// Written by scripts/metrics-page.mjs from the engine's table.

/** How observations are distributed. */
export interface MetricsHistogram {
  /** How many there were. */
  readonly count: number;
  /** Their sum, in the unit of the number. */
  readonly sum: number;
  /** For each upper bound `le`, in ascending order: how many were at most that. */
  readonly buckets: readonly { readonly le: number; readonly count: number }[];
}

/** What {@link Dialogue.metrics} gives. Counters grow from 0, for as long as the Dialogue is there; gauges are how it is now. */
export interface Metrics {
  readonly sessions: {
    /** Gauge, sessions: Connections of clients (Engine.IO sessions) that are open: those that were opened less those that were closed. */
    readonly open: number;
    /** Gauge, sessions: Sessions that the server does not read from, since too much that they caused waits for JavaScript. */
    readonly held: number;
    /** Counter, sessions: Sessions that were opened, by the transport that they began with. */
    readonly opened: {
      readonly polling: number;
      readonly websocket: number;
    };
    /** Counter, sessions: Sessions that moved from long-polling to WebSocket. */
    readonly upgraded: number;
    /** Counter, requests: Requests to the Socket.IO path that were refused. `connections`, `connectionsPerAddress` and `connectsPerAddress` are the limits of these names, `undecided`: JavaScript did not decide in time or could not be asked. */
    readonly refused: {
      readonly unknownTransport: number;
      readonly unknownSession: number;
      readonly badMethod: number;
      readonly badRequest: number;
      readonly transportMismatch: number;
      readonly noWebSocketHandshake: number;
      readonly middleware: number;
      readonly forbidden: number;
      readonly unsupportedVersion: number;
      readonly jsonp: number;
      readonly tooLarge: number;
      readonly connectionsPerAddress: number;
      readonly connectsPerAddress: number;
      readonly connections: number;
      readonly undecided: number;
    };
    /** Counter, sessions: Sessions that were closed. `slowConsumer`: the client did not read, and `limits.sendBuffer` was reached. */
    readonly closed: {
      readonly transportClose: number;
      readonly transportError: number;
      readonly pingTimeout: number;
      readonly parseError: number;
      readonly badPacket: number;
      readonly tooLarge: number;
      readonly invalidText: number;
      readonly slowConsumer: number;
      readonly forcedClose: number;
      readonly serverShutdown: number;
    };
  };
  readonly events: {
    /** Counter, events: Events that clients triggered in rooms and that no JavaScript had to decide. */
    readonly native: number;
    /** Counter, events: Events that clients triggered in rooms and that JavaScript was asked to decide (`beforeEach`, or a schema that the engine cannot judge), accepted or not. */
    readonly decided: number;
    /** Counter, events: Events of clients for listeners of `io` that nobody listened to, or that came above `limits.eventRate`. */
    readonly dropped: number;
    /** Counter, deliveries: Events that were queued for clients, once for each client: of rooms, and of `io` (`emit` to one socket or to many). */
    readonly delivered: number;
  };
  readonly output: {
    /** Counter, frames: Packets that left: WebSocket frames, or packets in the answers of polls. */
    readonly frames: {
      readonly polling: number;
      readonly websocket: number;
    };
    /** Counter, bytes: Bytes of them: with the heads of WebSocket frames, without TLS; of polls the bodies of the answers. */
    readonly bytes: {
      readonly polling: number;
      readonly websocket: number;
    };
    /** Counter, writes: Writes on the sockets of WebSockets, those that the socket did not take included: a system call each, unless there is TLS. */
    readonly writes: number;
    /** Histogram, sessions: Sessions whose output was written in one turn of a thread. */
    readonly flush: MetricsHistogram;
    /** Gauge, bytes: Bytes that wait in the server for clients to read. What leaves with the turn in which it was sent is not in it. */
    readonly queuedBytes: number;
    /** Gauge, bytes: Bytes that wait for the client for which most wait, rounded up to a power of two. */
    readonly largestQueuedBytes: number;
  };
  readonly javascript: {
    /** Gauge, calls: Calls of the engine that wait for JavaScript to take them. */
    readonly depth: number;
    /** Gauge, bytes: Bytes that they keep in memory, roughly. */
    readonly queuedBytes: number;
    /** Gauge, seconds: How long the oldest of them has waited. */
    readonly oldestSeconds: number;
    /** Counter, wakes: How often JavaScript was woken. */
    readonly wakes: number;
    /** Counter, calls: Calls that JavaScript took. */
    readonly taken: number;
    /** Histogram, seconds: For each batch that JavaScript took: how long the oldest call in it had waited, from when it was put in. */
    readonly lagSeconds: MetricsHistogram;
    /** Counter, calls: What was lost since the queue was full (`limits.hookQueue`, `limits.hookQueueBytes`): events that only observers were to be told of, and lines of the log. */
    readonly dropped: {
      readonly events: number;
      readonly lines: number;
    };
  };
  readonly decisions: {
    /** Gauge, decisions: Questions to JavaScript (`beforeEach`, `beforeJoin`, `authenticate`, middleware, schemas) that are not answered yet. */
    readonly open: number;
    /** Histogram, seconds: For each question that was answered: how long that took, waiting in the queue included. */
    readonly latencySeconds: MetricsHistogram;
    /** Counter, decisions: Questions that were not answered within `limits.hookTimeout`. They have no latency. */
    readonly overdue: number;
    /** Counter, decisions: Questions that were not asked, since too many waited (`limits.hookQueue`). */
    readonly refused: number;
  };
  /** Counter, errors: Refusals that clients were sent, by their code. */
  readonly errors: { readonly [code in DialogueErrorCode]: number };
  readonly http: {
    /** Counter, requests: HTTP requests that were handed to `app`. */
    readonly requests: number;
    /** Gauge, requests: Those of them that are not answered, or whose answer is not all out. */
    readonly inFlight: number;
    /** Gauge, bytes: Bytes of the answers of `app` that wait for clients to read (`limits.httpBuffer`). */
    readonly queuedBytes: number;
  };
}

// ---------------------------------------------------------------- runtimes

export type Runtime = "bun" | "node";

/** The HTTP server and Socket.IO engine of a runtime. */
export interface RuntimeAdapter {
  readonly runtime: Runtime;
  bind(io: Server): void;
  start(options: RuntimeStartOptions): Promise<void>;
  stop(): Promise<void>;
}

/** What a {@link RuntimeAdapter} starts with. */
export interface RuntimeStartOptions {
  port: number;
  app: Hono;
  io: Server;
  corsConfig: CorsConfig | boolean | undefined;
  logger: Logger;
}

/** The runtime that this runs on. */
export function detectRuntime(): Runtime;

/**
 * Serves a `Server` of `dialogue-rs/socket.io`, or a Dialogue's `io`, together with an app, on one port: what {@link createDialogue} does by
 * itself. Of a Dialogue's `io` the configuration's own `cors` counts.
 *
 * @param runtime Default: the one that this runs on. The engine is the same; another one is a warning in the log.
 * @throws {@link DialogueError} `INVALID_CONFIG`, naming the field. `start` rejects with `PORT_IN_USE`, naming the port.
 */
export function createRuntimeAdapter(runtime?: Runtime): RuntimeAdapter;

// ---------------------------------------------------------------- standing alone

/** Rooms and who is in them. */
export interface RoomManager {
  get(id: string): Room | null;
  all(): Room[];
  addParticipant(roomId: string, client: ConnectedClient): boolean;
  removeParticipant(roomId: string, clientId: string): void;
}

/** See {@link createHistoryManager}. */
export interface HistoryManagerConfig {
  /** Gets what leaves memory, oldest first; runs inside `push` and `clearRoom`. What it throws or rejects with is dropped. */
  onCleanup?(roomId: string, eventName: string, events: EventMessage[]): void;
  /** Carried for the caller; the manager itself reads memory only. */
  onLoad?(roomId: string, eventName: string, start: number, end: number): Promise<EventMessage[]>;
  /** Most events of one kind in one room, whatever `push` asks for. Default 100. */
  maxEventsPerType?: number | undefined;
  /** Most rooms; a further one takes the place of the one that was pushed to least recently. Default 1000. */
  maxRooms?: number | undefined;
}

/** A history in memory. */
export interface HistoryManager {
  /** Remembers an event, and the newest `limit` of its kind in its room. */
  push(roomId: string, eventName: string, event: EventMessage, limit: number): void;
  /** Newest first; `start` 0 is the newest, `end` exclusive. */
  get(roomId: string, eventName: string, start: number, end: number): EventMessage[];
  /** All kinds merged by time, newest first; at most `limit` in all. */
  getAll(roomId: string, limit?: number): EventMessage[];
  count(roomId: string, eventName: string): number;
  clearRoom(roomId: string): void;
  getEventNames(roomId: string): string[];
}

/**
 * A history that needs no server.
 *
 * @throws {@link DialogueError} `INVALID_CONFIG`, naming the field.
 */
export function createHistoryManager(config?: HistoryManagerConfig): HistoryManager;

/** `windowMs`: length of the sliding window in milliseconds. The other: how many it may hold per key. */
export type RateLimiterConfig = { windowMs: number } & ({ maxRequests: number } | { maxEvents: number });

/** A sliding window per key. */
export interface RateLimiter {
  /** Whether one more is within the limit; if so, it is counted. */
  isAllowed(key: string): boolean;
  /** How many more are within the limit now. */
  remaining(key: string): number;
  /** Forgets all keys. */
  clear(): void;
}

/**
 * A rate limiter that needs no server. It holds nothing of keys that were quiet for a window.
 *
 * @throws {@link DialogueError} `INVALID_CONFIG`, naming the field.
 */
export function createRateLimiter(config: RateLimiterConfig): RateLimiter;

// ---------------------------------------------------------------- socket.io

// Types alone: the classes are those of `dialogue-rs/socket.io`.
export type { Handshake, Namespace, Server, Socket } from "./socket-io.js";
