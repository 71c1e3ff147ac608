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
 * Makes a logger that writes to the console: `[Dialogue] [LEVEL]`, then the entry. It writes `debug` lines only if `NODE_ENV` is
 * `development` or `DEBUG` is set.
 */
export function createDefaultLogger(): Logger;

/** Makes a logger that writes nothing. */
export function createSilentLogger(): Logger;

// ---------------------------------------------------------------- rooms

/** The configuration of a room. */
export interface RoomConfig {
  /** A name for people to read. It need not be unique. */
  name: string;
  /** A description for people to read. */
  description?: string | undefined;
  /** Maximum number of connections in the room: a positive integer. Exact, also if many clients join at once. Default: no maximum. */
  maxSize?: number | undefined;
  /**
   * The allowed events. `[]`: clients can trigger nothing, the server anything. `[{ name: "*" }]`: any event; an event that is also listed by
   * name is validated by that definition. `{ name }` alone refers to the definition of that name in {@link DialogueConfig.events}, if there
   * is one.
   */
  events: readonly EventDefinition<unknown>[];
  /** Names of the events that a client is subscribed to when it joins; `"*"`: all events. Default: none. */
  defaultSubscriptions?: readonly string[] | undefined;
  /** User id of the user that can delete the room by `dialogue:deleteRoom`. Default: no client can. */
  createdById?: string | undefined;
  /**
   * History that a client receives when it joins. `true`: all events in memory, at most `limits.historyPage`. A number: that many of the
   * newest events of each kind. Default false.
   */
  syncHistoryOnJoin?: boolean | number | undefined;
  /**
   * Whether `dialogue:listRooms` shows the room and `dialogue:roomCreated` announces it. Default true. If false, only its members are notified of
   * its changes and its deletion. An unlisted room is not private: any client that knows the id can join, unless `beforeJoin` refuses.
   */
  listed?: boolean | undefined;
}

/**
 * A room. The same room is always the same object. After the room is deleted, its methods do nothing.
 *
 * `E`: the room's events, if the type of the configuration names them; other events are then compile errors. Default: any event. See
 * {@link RoomWith} for parameters of functions.
 */
export interface Room<E = any> {
  /** The room's id, unique on this server. */
  readonly id: string;
  /** The current name. `updateRoom` changes the properties of this object too. */
  readonly name: string;
  readonly description?: string;
  readonly maxSize?: number;
  /** The allowed events: the same objects that the configuration named. */
  readonly events: EventDefinition<unknown>[];
  readonly defaultSubscriptions: string[];
  readonly createdById?: string;
  /**
   * Sends an event to all subscribers. When it returns, the event was accepted or refused, and the server's own handlers have run.
   *
   * @param event The definition of the event. If it has no schema, the schema of the room's definition of that name validates `data`.
   * @param data The payload: the input of the schema. It may contain binary values at any depth.
   * @param from User id of the sender. Default `"system"`.
   * @param meta An object that is sent with the payload.
   * @returns `Ok`; or `Err` with the reason if the event is not allowed in the room, the schema refuses the payload (then with `issues`), or the
   * payload cannot be sent. Never throws.
   */
  trigger<T, const D extends AnyEvent = EventDefinition<T> & OfRoom<E>>(
    event: Among<D, E>,
    data: DataFor<D, E>,
    from?: string,
    meta?: Record<string, unknown>,
  ): OkResult<void> | InvalidResult;
  /**
   * Calls `handler` for every such event that is accepted, from clients and from the server; `{ name: "*" }`: for every event. If a handler
   * throws or rejects, the error is logged.
   *
   * @returns A function that removes the handler. It may be called more than once.
   */
  on<const D extends AnyEvent>(
    event: Among<D, E, "*">,
    handler: (message: EventMessage<DataOf<D, E>>) => void,
  ): () => void;
  on<T>(event: EventDefinition<T> & OfRoom<E, "*">, handler: (message: EventMessage<T>) => void): () => void;
  /** Returns the number of connections in the room. */
  size(): number;
  /** Returns whether `maxSize` is reached; false if the room has no maximum. */
  isFull(): boolean;
  /** Returns the connections in the room, in the order in which they joined. */
  participants(): ConnectedClient[];
  /**
   * Returns past events, newest first: those in memory, then older ones from the hook `onLoad`.
   *
   * @param event A definition, or the name of an event.
   * @param start Index of the first event; 0 is the newest. Clamped to an integer of 0 or more.
   * @param end Index behind the last event, clamped likewise. `limits.historyPage` does not apply here, only to clients.
   * @throws `TypeError` if `event` is neither a definition nor a name. Rejects with {@link DialogueError} `INTERNAL` if `onLoad` fails.
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
 * A connection. The same connection is always the same object. Each method has taken effect when it returns. What cannot be done (no such
 * room, a full room) is a warning in the log and changes nothing; no method throws.
 */
export interface ConnectedClient {
  /** The id of this connection; equals `socket.id`. */
  readonly id: string;
  /** The id of its user. A user may have many connections. */
  readonly userId: string;
  /** The Socket.IO socket of this connection. */
  readonly socket: Socket;
  /** An object for your own data; it lives as long as the connection. What it contains at first comes from the client: see `docs/identity.md`. */
  readonly meta: Record<string, unknown>;
  /** What `authenticate` or `jwt` found out about the client. */
  readonly auth?: AuthData;
  /** Puts the connection into a room and notifies the client. `beforeJoin` is not called. If the room is full, the client receives the error `ROOM_FULL`. */
  join(
    roomId: string,
    options?: {
      /**
       * History to send to this client. `true`: all events in memory. A number: that many of the newest events of each kind. Default false.
       */
      history?: boolean | number | undefined;
    },
  ): void;
  /** Takes the connection out of a room. */
  leave(roomId: string): void;
  /** Subscribes it to an event of a room that it is in. */
  subscribe(roomId: string, eventName: string): void;
  /** Subscribes it to all events of a room that it is in. */
  subscribeAll(roomId: string): void;
  /** Ends a subscription; `"*"` ends `subscribeAll`. */
  unsubscribe(roomId: string, eventName: string): void;
  /** Returns the ids of the rooms that it is in. */
  rooms(): string[];
  /** Returns the names of the events that it is subscribed to in a room; `"*"`: all events. */
  subscriptions(roomId: string): string[];
  /** Sends a plain Socket.IO event to this client. */
  send<T>(event: string, data: T): void;
  /** Closes the connection. The client does not reconnect by itself. */
  disconnect(): void;
}

/** The rooms that at least one connection of a user is in. */
export interface ClientRooms {
  /** The ids of the rooms. */
  readonly ids: string[];
  /** Calls `callback` for each room. */
  forAll(callback: (roomId: string) => void): void;
  /** Takes all connections of the user out of each room; calls `callback` for each room first. */
  leaveAll(callback?: (roomId: string) => void): void;
}

// ---------------------------------------------------------------- identity

/** The claims of a JSON Web Token. Times are Unix seconds. */
export interface JwtClaims {
  /** The user id. */
  sub: string;
  /** When the token expires. */
  exp: number;
  /** When the token was issued. Absent if the token does not contain it. */
  iat: number;
  [key: string]: unknown;
}

/** What is known about an authenticated client. */
export interface AuthData {
  jwt: JwtClaims;
  [key: string]: unknown;
}

/** What `authenticate` returns in `Ok`. `exp` and `iat` are optional and not enforced. */
export interface AuthInput {
  jwt: { sub: string; exp?: number; iat?: number; [key: string]: unknown };
  [key: string]: unknown;
}

/** The identity of a client. */
export interface AuthenticateResult {
  userId: string;
  meta: Record<string, unknown>;
}

/** Signature algorithms of JSON Web Tokens that are supported. */
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
 * How the engine verifies the token in `auth.token`, or in the header `Authorization: Bearer`. Exactly one of `secret`, `publicKey`, `jwks` and
 * `jwksUri` is required. The connection is closed when its token expires; see `docs/identity.md`.
 */
export interface JwtConfig {
  /** For HS256, HS384, HS512. Use at least 32 random bytes: a shorter or guessable one can be found from a single token. */
  secret?: string | Uint8Array | undefined;
  /** PEM: RSA of 2,048 to 8,192 bits, P-256, P-384 or Ed25519; or a certificate of such a key. */
  publicKey?: string | undefined;
  /** A set of JSON Web Keys. The `kid` of a token selects the key. Keys that cannot verify signatures are ignored. */
  jwks?: { keys: object[] } | undefined;
  /**
   * URL of such a set: `https`, or `http` to a loopback address. It is fetched when the first token arrives, then every ten minutes while tokens
   * arrive, and at most once a minute for an unknown `kid`. A fetch may take 5 s and return 256 KiB; redirects are not followed.
   */
  jwksUri?: string | undefined;
  /** The accepted algorithms. Default: all that fit the key. */
  algorithms?: readonly JwtAlgorithm[] | undefined;
  /** Accepted issuers: `iss` must be one of these. Default: not checked. */
  issuer?: string | readonly string[] | undefined;
  /** Accepted audiences: `aud` must contain one of these. Default: not checked. */
  audience?: string | readonly string[] | undefined;
  /** Tolerated difference of clocks in seconds for `exp`, `nbf` and `iat`: 0 to 86,400. Default 0. */
  leeway?: number | undefined;
  /**
   * Whether clients without a token are refused. Default true. If false, such a client gets its socket id as its user id and cannot choose
   * another. An invalid token is refused in both cases.
   */
  required?: boolean | undefined;
}

/**
 * Signs a token. Sets `iat` to the current time and `exp` from `expiresIn`, unless `claims` contains them.
 *
 * @param key A secret, or a private key in PEM: RSA, or in PKCS #8 P-256, P-384 or Ed25519.
 * @param options.algorithm Default: HS256 with a secret; RS256, ES256, ES384 or EdDSA by the kind of the private key.
 * @param options.expiresIn How long the token is valid: seconds, or a text such as `"30s"`, `"15m"`, `"1h"`, `"7d"`. Default: one hour.
 * @param options.keyId The `kid` of the header. Default: none.
 * @throws {@link DialogueError} `INVALID_CONFIG` if a key, a claim or an option is not valid.
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
 * Verifies a token as the engine does when a client connects: the signature, `exp` (required), `nbf`, `iat`, and what the options require.
 *
 * @param key A secret, a public key in PEM, or a set of JSON Web Keys. A PEM text is never used as a secret.
 * @returns `Ok` with the claims; or `Err` with the reason as a sentence, which contains nothing of the token.
 * @throws {@link DialogueError} `INVALID_CONFIG` if a key or an option is not valid.
 */
export function verifyJwt(
  token: string,
  key: string | Uint8Array | { keys: object[] },
  options?: Omit<JwtConfig, "secret" | "publicKey" | "jwks" | "jwksUri" | "required">,
): Result<JwtClaims, string>;

// ---------------------------------------------------------------- hooks

/** Live views of the server's state. They always show the present. */
export interface DialogueContext {
  /** The Socket.IO server. */
  io: Server;
  /** All connections, by their id. */
  clients: Record<string, ConnectedClient>;
  /** All rooms, by their id. */
  rooms: Record<string, Room>;
}

type WithContext = { context: DialogueContext };
type Authenticate = (
  p: WithContext & { clientSocket: Socket; authData: unknown; claims?: JwtClaims },
) => ResultLike<AuthInput, string> | Promise<ResultLike<AuthInput, string>>;

/**
 * Functions that the server calls. `authenticate`, `beforeJoin` and `beforeEach` decide; all others observe.
 *
 * If a hook throws, rejects, returns a wrong value or exceeds `limits.hookTimeout`, the process continues: a deciding hook has then refused
 * (`INTERNAL` or `OVERLOADED`), and for an observer the error is logged. `beforeJoin` and `beforeEach` are synchronous: a promise is a wrong
 * value. Observers may return anything. A misspelt name of a hook is `INVALID_CONFIG`; any other unknown name is a warning in the log.
 */
export interface HooksConfig {
  /** The same as `socket.authenticate`. If both are given, they must be the same function. */
  authenticate?: Authenticate;
  socket?: {
    /** Decides the identity of a client that connects: `Ok({ jwt: { sub } })` with its user id, or `Err(reason)`, which the client sees as `UNAUTHORIZED`. */
    authenticate?: Authenticate;
    /** Called when a socket connects, before `clients.onConnected`. */
    onConnect?(p: WithContext & { clientSocket: Socket }): void;
    /** Called when a socket is gone, after `clients.onDisconnected` and every `onLeft`. */
    onDisconnect?(p: WithContext & { clientSocket: Socket }): void;
  };
  clients?: {
    /** Decides whether a client can join a room: `Ok()`, or `Err(reason)`, which the client sees as `JOIN_DENIED`. Synchronous. */
    beforeJoin?(
      p: WithContext & { client: ConnectedClient; roomId: string; room: Room },
    ): ResultLike<void, string>;
    /** Called when a client connects. None of its commands is handled before the synchronous part of this hook has returned. */
    onConnected?(client: ConnectedClient): void;
    /** Called when a client is gone. `client.rooms()` still works until the synchronous part of this hook has returned. */
    onDisconnected?(client: ConnectedClient): void;
    /** Called when a client has joined a room, by itself or by `client.join`. */
    onJoined?(client: ConnectedClient, roomId: string): void;
    /** Called when a client has left a room, for any reason. */
    onLeft?(client: ConnectedClient, roomId: string): void;
  };
  rooms?: {
    /** Called when a room was created. For the rooms of the configuration, inside `createDialogue`. */
    onCreated?(room: Room): void;
    /** Called when `updateRoom` has changed a room. */
    onUpdated?(room: Room): void;
    /** Called when a room was deleted. */
    onDeleted?(roomId: string): void;
  };
  events?: {
    /**
     * Decides whether an event is accepted: `Ok(message)`, also with other `data` and `meta`; or `Err(reason)`, which the sender sees as
     * `EVENT_BLOCKED`. Changes to other fields are ignored. Synchronous.
     */
    beforeEach?(
      p: WithContext & { roomId: string; message: EventMessage; from: string },
    ): ResultLike<EventMessage, string>;
    /** Called after the handlers of `on`. `recipientCount`: the number of connections that the event was sent to. */
    afterEach?(p: WithContext & { roomId: string; message: EventMessage; recipientCount: number }): void;
    /** Called when an event was accepted and sent, before the handlers of `on`. */
    onTriggered?(roomId: string, event: EventMessage): void;
    /**
     * Called with events that leave memory, oldest first: because newer ones replace them, the room is deleted or the server stops. `stop()` waits
     * for this hook.
     */
    onCleanup?(roomId: string, eventName: string, events: EventMessage[]): void;
    /**
     * Returns events that are older than those in memory, newest first, from `start` to `end` (exclusive); 0 is the newest event that is not in
     * memory.
     */
    onLoad?(roomId: string, eventName: string, start: number, end: number): Promise<EventMessage[]>;
  };
}

// ---------------------------------------------------------------- dialogue

/** Which pages of other origins can use the server. */
export interface CorsConfig {
  /** `"*"` or `true`: any origin. `false`: only the server's own. A text or a list: these origins, such as `https://example.com`. */
  origin: string | readonly string[] | boolean;
  /** Methods that a preflight request allows. Default: GET and POST. */
  methods?: readonly string[] | undefined;
  /** Whether pages can send cookies. Only with listed origins; the default is then true. */
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

/** The rooms of a configuration: by id, or as a list with ids. */
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

/** The configuration of a server. An unknown field, here, in `cors` or in a room, is a warning in the log. */
export interface DialogueConfig<
  R extends RoomsConfig = Record<string, RoomConfig> | readonly (RoomConfig & { id: string })[],
> {
  /** TCP port, 0 to 65535. 0: any free port; see {@link Dialogue.port}. Default 3000. */
  port?: number | undefined;
  /** Address to listen on. Default: all interfaces. */
  host?: string | undefined;
  /** Handles every HTTP request outside the Socket.IO path. Default: a new Hono app, see {@link Dialogue.app}. */
  app?: Hono | FetchApp | undefined;
  /** The rooms that exist from the start: by id, or as a list. */
  rooms: R;
  /** Definitions that rooms can refer to by `{ name }` alone. */
  events?: readonly EventDefinition<unknown>[] | undefined;
  /** Functions that decide and observe. Default: none. */
  hooks?: HooksConfig | undefined;
  /** Where log lines go. Default: {@link createDefaultLogger}. */
  logger?: Logger | undefined;
  /** Which pages of other origins can use the server. Default `true`: any origin, without credentials. `false`: only the server's own. */
  cors?: CorsConfig | boolean | undefined;
  /** Has no effect: the server runs on the runtime that loaded it. */
  runtime?: Runtime | undefined;
  /** How tokens are verified. If `hooks.socket.authenticate` is given too, it is called after a valid token, with its `claims`. Default: no tokens. */
  jwt?: JwtConfig | undefined;
  /** Bounds on memory, rates and sizes. */
  limits?: OrUndefined<LimitsConfig> | undefined;
  /** Options of the transport. */
  socket?: SocketOptions | undefined;
  /** Number of threads of the engine, a positive integer. Default: one less than the available cores, at least 1. */
  threads?: number | undefined;
  /**
   * Serves `https` and `wss` on the port instead of `http` and `ws`, with TLS 1.2 and 1.3. `cert`: the certificate, followed by its chain.
   * `key`: its private key (RSA, ECDSA or Ed25519) without a passphrase. Both in PEM. Default: no TLS.
   *
   * @throws {@link DialogueError} `INVALID_CONFIG`, naming the field.
   */
  tls?: { cert: string | Uint8Array; key: string | Uint8Array } | undefined;
  /**
   * Whether the global `Response`, `Request` and `fetch` are replaced by faster ones, which behave like the runtime's and share its prototypes.
   * Default true.
   *
   * If false, the global objects stay as they are, and the app gets the runtime's own requests, which is slower. On Bun, a response without a
   * `Content-Type` then gets one from its body: `text/plain;charset=utf-8` if the body is UTF-8, otherwise `application/octet-stream`.
   */
  overrideGlobalObjects?: boolean | undefined;
}

/** Transport options, under Socket.IO's names. */
export interface SocketOptions {
  /** Path of the transport; a `/` in front is added if it is missing. Default `/socket.io`. */
  path?: string | undefined;
  /** Milliseconds between two pings. Default 25,000. */
  pingInterval?: number | undefined;
  /** Milliseconds within which a client must answer a ping; otherwise its connection is closed. Default 20,000. */
  pingTimeout?: number | undefined;
  /** Maximum size of one message from a client in bytes, all fragments and attachments together. Default 1,000,000. Larger: the connection is closed. */
  maxHttpBufferSize?: number | undefined;
  /** Milliseconds within which a new connection must send its Socket.IO connect; otherwise it is closed. Default 10,000. */
  connectTimeout?: number | undefined;
  /** Milliseconds within which an upgrade from polling to WebSocket must be completed. Default 10,000. */
  upgradeTimeout?: number | undefined;
  /** The transports that clients can use. Default: both. */
  transports?: readonly ("polling" | "websocket")[] | undefined;
}

/**
 * The server, as {@link createDialogue} makes it.
 *
 * `R`: the type of the rooms of its configuration. Default: any rooms. A `Dialogue` without argument, as in the parameters of a function, accepts
 * every server.
 */
export interface Dialogue<R = any> {
  /** Exists in types only: what `createDialogueClient<typeof dialogue>` knows. */
  readonly "~rooms"?: R;
  /** The app of the configuration; if there is none, a new Hono app. */
  readonly app: Hono;
  /** The Socket.IO server. */
  readonly io: Server;
  /** The port that the server listens on; before `start()`, the configured one. */
  readonly port: number;
  /** Sends an event in a room, as {@link Room.trigger} does. If the room does not exist, returns `Err("Room '<id>' does not exist")`. */
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
  /** Calls `handler` for events of a room, as {@link Room.on} does. If the room does not exist, logs a warning and does nothing. */
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
   * Returns the room of this id, or null. For an id in the type of the configuration, the type says that the room exists: after `deleteRoom`, use
   * {@link Dialogue.getRoom}.
   */
  room<Id extends RoomId<R>>(id: Id): RoomOf<R, Id>;
  /** Returns the room of this id, or null; for rooms that may have been deleted. */
  getRoom<Id extends RoomId<R>>(id: Id): RoomOf<R, Id> | null;
  /** Returns all rooms in the order of their creation. */
  rooms(): Room[];
  /**
   * Creates a room. All clients are notified, unless `listed` is false.
   *
   * @param createdById User id of the user that can delete the room; see {@link RoomConfig.createdById}.
   * @returns The room; `null` if the id exists already or is not valid (a warning in the log says why).
   * @throws {@link DialogueError} `INVALID_CONFIG`, naming the field.
   */
  createRoom(id: string, config: RoomConfig, createdById?: string): Room | null;
  createRoom(config: RoomConfig & { id: string }): Room | null;
  /**
   * Changes the given fields of a room. If `maxSize` becomes smaller, all members stay. `defaultSubscriptions` apply to later joins.
   *
   * @returns The room; `null` if it does not exist.
   * @throws {@link DialogueError} `INVALID_CONFIG`, naming the field.
   */
  updateRoom(id: string, changes: Partial<Omit<RoomConfig, "createdById">>): Room | null;
  /** Deletes a room: removes all members, notifies all clients and passes the history to `onCleanup`. Returns false if the room does not exist. */
  deleteRoom(id: string): boolean;
  /** Returns the connections of a user. */
  getClients(userId: string): ConnectedClient[];
  /** Returns all connections. */
  getAllClients(): ConnectedClient[];
  /** Returns the rooms that at least one connection of the user is in. */
  getClientRooms(userId: string): ClientRooms;
  /** Returns whether at least one connection of the user is in the room. */
  isInRoom(userId: string, roomId: string): boolean;
  /**
   * Returns what the server has counted since it was created, and what it holds now. Works before `start` and after `stop`. The cost does not
   * depend on the number of clients: it may be called every second.
   */
  metrics(): Metrics;
  /**
   * Starts the server. Resolves when it listens; if it is running already, returns the same promise.
   *
   * @throws Rejects with {@link DialogueError} `PORT_IN_USE`, naming the port.
   */
  start(): Promise<void>;
  /**
   * Stops the server: closes every connection in a way that lets clients reconnect, and passes the remaining history to `onCleanup`. Resolves
   * when every socket and task is gone, after `limits.drain` at the latest for open connections. May be called twice; `start` works again
   * afterwards.
   */
  stop(): Promise<void>;
  /** The same as `stop`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Creates a server. It listens after `start()`.
 *
 * @throws {@link DialogueError} `INVALID_CONFIG` with the message `<path of the field>: <what was expected>`.
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

/** The runtimes that are supported. */
export type Runtime = "bun" | "node";

/** The HTTP server and Socket.IO engine of a runtime. */
export interface RuntimeAdapter {
  readonly runtime: Runtime;
  bind(io: Server): void;
  start(options: RuntimeStartOptions): Promise<void>;
  stop(): Promise<void>;
}

/** The options of {@link RuntimeAdapter.start}. */
export interface RuntimeStartOptions {
  port: number;
  app: Hono;
  io: Server;
  corsConfig: CorsConfig | boolean | undefined;
  logger: Logger;
}

/** Returns the runtime that the program runs on. */
export function detectRuntime(): Runtime;

/**
 * Serves a `Server` of `dialogue-rs/socket.io`, or the `io` of a Dialogue, together with an app on one port. {@link createDialogue} does this by
 * itself. For the `io` of a Dialogue, the `cors` of its own configuration applies.
 *
 * @param runtime Default: the runtime that the program runs on. Any other is a warning in the log and has no effect.
 * @throws {@link DialogueError} `INVALID_CONFIG`, naming the field. `start` rejects with `PORT_IN_USE`, naming the port.
 */
export function createRuntimeAdapter(runtime?: Runtime): RuntimeAdapter;

// ---------------------------------------------------------------- standing alone

/** Rooms and their members. */
export interface RoomManager {
  get(id: string): Room | null;
  all(): Room[];
  addParticipant(roomId: string, client: ConnectedClient): boolean;
  removeParticipant(roomId: string, clientId: string): void;
}

/** See {@link createHistoryManager}. */
export interface HistoryManagerConfig {
  /** Called with events that leave memory, oldest first, inside `push` and `clearRoom`. If it throws or rejects, the error is ignored. */
  onCleanup?(roomId: string, eventName: string, events: EventMessage[]): void;
  /** Not called by the manager, which only reads memory. */
  onLoad?(roomId: string, eventName: string, start: number, end: number): Promise<EventMessage[]>;
  /** Maximum number of events of one kind in one room, also if `push` asks for more. Default 100. */
  maxEventsPerType?: number | undefined;
  /** Maximum number of rooms. A further room replaces the room with the oldest last `push`. Default 1,000. */
  maxRooms?: number | undefined;
}

/** A history of events in memory. */
export interface HistoryManager {
  /** Adds an event, and keeps the newest `limit` events of its kind in its room. */
  push(roomId: string, eventName: string, event: EventMessage, limit: number): void;
  /** Returns events of one kind, newest first, from `start` (0 is the newest) to `end` (exclusive). */
  get(roomId: string, eventName: string, start: number, end: number): EventMessage[];
  /** Returns events of all kinds by time, newest first; at most `limit` in all. */
  getAll(roomId: string, limit?: number): EventMessage[];
  /** Returns the number of events of one kind. */
  count(roomId: string, eventName: string): number;
  /** Removes all events of a room, and passes them to `onCleanup`. */
  clearRoom(roomId: string): void;
  /** Returns the names of the kinds that a room has events of. */
  getEventNames(roomId: string): string[];
}

/**
 * Creates a history that needs no server.
 *
 * @throws {@link DialogueError} `INVALID_CONFIG`, naming the field.
 */
export function createHistoryManager(config?: HistoryManagerConfig): HistoryManager;

/** `windowMs`: length of the sliding window in milliseconds. `maxRequests` or `maxEvents`: how many are allowed per key and window. */
export type RateLimiterConfig = { windowMs: number } & ({ maxRequests: number } | { maxEvents: number });

/** A rate limiter with a sliding window per key. */
export interface RateLimiter {
  /** Returns whether one more is within the limit; if so, counts it. */
  isAllowed(key: string): boolean;
  /** Returns how many more are within the limit now. */
  remaining(key: string): number;
  /** Removes all keys. */
  clear(): void;
}

/**
 * Creates a rate limiter that needs no server. It forgets a key after a window without requests.
 *
 * @throws {@link DialogueError} `INVALID_CONFIG`, naming the field.
 */
export function createRateLimiter(config: RateLimiterConfig): RateLimiter;

// ---------------------------------------------------------------- socket.io

// Types alone: the classes are those of `dialogue-rs/socket.io`.
export type { Handshake, Namespace, Server, Socket } from "./socket-io.js";
