import type { Socket as ClientSocket } from "socket.io-client";
import type {
  AnyEvent,
  DataIn,
  DataOut,
  DialogueError,
  EventDefinition,
  EventMessage,
  Result,
} from "./events.cjs";
import type { Among, DataFor, DataOf, EventsOf, IsOpen, NameOf, OfRoom, RoomId } from "./rooms.cjs";

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
  OkResult,
  Result,
  ValidationIssue,
} from "./events.cjs";
export { DialogueError, defineEvent, Err, is, Ok } from "./events.cjs";

// ---------------------------------------------------------------- configuration

/** What {@link createDialogueClient} takes. */
export interface ClientConfig {
  /**
   * Where the server is: `ws://`, `wss://`, `http://` or `https://`; in a page also relative to it (`"/"`: the page's own server).
   * A path is where Socket.IO answers there; without one that is `/socket.io`.
   */
  url: string;
  /**
   * Who this is. A function is asked at each connect, and for a fresh `token` before one runs out; it may return a promise, which has
   * {@link ClientConfig.timeout} to settle. Default: nothing, and the server gives a user id.
   */
  auth?: ClientAuth | (() => ClientAuth | Promise<ClientAuth>) | undefined;
  /** Whether it connects without being asked. Default true. */
  autoConnect?: boolean | undefined;
  /** Whether it tries again after a connect that failed and a connection that was lost. Default true. */
  reconnection?: boolean | undefined;
  /**
   * How often it tries again in a row before it gives up: an integer of 0 or more, or `Infinity`. Default `Infinity`. The first of them comes
   * after a random part of a second, each further one of twice as many, of 5 s at most.
   */
  reconnectionAttempts?: number | undefined;
  /**
   * Milliseconds that every request may take, a wait for the connection included: a positive integer, at most 2,147,483,647. Default
   * 10,000. Then it fails with `TIMEOUT`, or with `DISCONNECTED` where it could not be sent.
   */
  timeout?: number | undefined;
}

/** What the server is told at a connect. */
export interface ClientAuth {
  /** The user id, where the server takes the client's word for it. */
  userId?: string | undefined;
  /** A JSON Web Token, where the server asks for one. */
  token?: string | undefined;
  /** Whatever else the server's `authenticate` reads; without it, this is in `client.meta` there. */
  [key: string]: unknown;
}

/**
 * `"connecting"`: from `connect()` on, and after a lost connection while it tries again. `"disconnected"`: nothing is under way, until
 * `connect()`.
 */
export type ConnectionState = "disconnected" | "connecting" | "connected";

// ---------------------------------------------------------------- rooms

/** A room as lists and announcements show it. */
export interface RoomInfo {
  id: string;
  name: string;
  description?: string;
  /** How many connections are in it. */
  size: number;
  /** Most connections in it; absent: no bound. */
  maxSize?: number;
  /** User id of the one who may delete it; absent: no client may. */
  createdById?: string;
}

/** What {@link DialogueClientInstance.createRoom} takes. */
export interface CreateRoomOptions {
  /** 1 to 256 bytes, unless the server has another bound. */
  id: string;
  /** For people. */
  name: string;
  /** For people. */
  description?: string | undefined;
  /** Most connections in the room, a positive integer; absent: what the server gives. */
  maxSize?: number | undefined;
}

/** What the server says at a connect. */
export interface ConnectionResult {
  clientId: string;
  userId: string;
}

/** What the server says at a join. */
export interface JoinResult {
  roomId: string;
  roomName: string;
}

/** Is called with each event of a kind. */
export type EventHandler<T = unknown> = (message: EventMessage<T>) => void;

/** Is called with each event, its name first. */
export type WildcardHandler = (eventName: string, message: EventMessage) => void;

// ---------------------------------------------------------------- the client

/**
 * A client. Its methods need no `this`. Handlers may be registered before the first connect and stay through all connections; what
 * registers one returns the function that ends it. A handler that throws or rejects is reported on the console and stops no other.
 *
 * A request made while `state` is `"connecting"` waits for the connection, within its timeout; while it is `"disconnected"` it fails at
 * once with `DISCONNECTED`. `R`: the rooms of the server, see {@link createDialogueClient}. Besides what its own line says every request may fail with `TIMEOUT`, `DISCONNECTED`, `RATE_LIMITED`,
 * `OVERLOADED` (also where 10,000 requests are under way), `INVALID_REQUEST` and `INTERNAL`.
 */
export interface DialogueClientInstance<R = any> {
  /** Who this is to the server; `""` until connected, then the last one known. */
  readonly userId: string;
  /** Whether `state` is `"connected"`. */
  readonly connected: boolean;
  readonly state: ConnectionState;
  /**
   * Connects, or waits for the connect that is under way. Rooms that were not left are joined again.
   *
   * @throws (rejects) {@link DialogueError}: the server's refusal (`UNAUTHORIZED`, `TOKEN_EXPIRED`, …), `DISCONNECTED` where it gives up or
   * `disconnect()` is called, `TIMEOUT` where it is not connected in time (and goes on trying). Ignoring it is fine: `onError` is told too.
   */
  connect(): Promise<void>;
  /** Ends the connection and all trying. The rooms are kept for the next `connect()`; `leave()` is what gives one up. */
  disconnect(): void;
  /**
   * Joins a room. One that this client is in already is the same object again.
   *
   * @throws (rejects) {@link DialogueError} `ROOM_NOT_FOUND`, `ROOM_FULL`, `JOIN_DENIED`.
   */
  join<Id extends RoomId<R>>(roomId: Id): Promise<RoomContext<EventsOf<R, Id>>>;
  /** A room that this client is in, also where the server put it there. It stays one while a lost connection comes back. */
  getRoom<Id extends RoomId<R>>(roomId: Id): RoomContext<EventsOf<R, Id>> | undefined;
  /** The rooms that the server shows. */
  listRooms(): Promise<RoomInfo[]>;
  /** @throws (rejects) {@link DialogueError} `PERMISSION_DENIED`, `ROOM_EXISTS`. */
  createRoom(options: CreateRoomOptions): Promise<RoomInfo>;
  /** @throws (rejects) {@link DialogueError} `PERMISSION_DENIED`, `ROOM_NOT_FOUND`. */
  deleteRoom(roomId: string): Promise<void>;
  /** A room was made, by whomever. */
  onRoomCreated(h: (room: RoomInfo) => void): () => void;
  /** A room was deleted, by whomever. */
  onRoomDeleted(h: (roomId: string) => void): () => void;
  /** Connected, the first time and every time again. Rooms come back by themselves: join them elsewhere, or they are joined twice. */
  onConnect(h: () => void): () => void;
  /**
   * A connection ended. `state` says whether it tries again.
   *
   * `reason`: `"transport close"`, `"transport error"`, `"ping timeout"`, `"io server disconnect"` (the server wants this client to stay
   * away, and it does), `"io client disconnect"`.
   */
  onDisconnect(h: (reason: string) => void): () => void;
  /**
   * What belongs to no request that somebody waits for: a refused connect, the first of several that failed and that it gave up, a room
   * that could not be joined again or whose missed events could not be fetched, a refused subscription, an expired token.
   */
  onError(h: (error: DialogueError) => void): () => void;
  /**
   * What a room remembers (`syncHistoryOnJoin`), newest first, once after a join. After a lost connection the events that were missed go
   * to the room's own handlers instead.
   */
  onHistory(h: (roomId: string, events: EventMessage[]) => void): () => void;
}

/** Names of a room's events, where its type says them. */
type ClosedName<E> = IsOpen<E> extends true ? never : NameOf<E> & string;
/** Any name, where it does not. */
type OpenName<E> = IsOpen<E> extends true ? string : never;
/** What a definition that `trigger` takes must be, besides. */
type Sent<D, E> =
  IsOpen<E> extends true
    ? unknown
    : D extends { readonly name: infer N }
      ? string extends N
        ? unknown
        : { readonly name: NameOf<E> }
      : unknown;
/** The payload beside it. */
type SentFor<D, E> = [D] extends [string]
  ? IsOpen<E> extends true
    ? unknown
    : DataIn<Extract<E, { readonly name: D }>>
  : DataFor<Extract<D, AnyEvent>, E>;
/** The rooms of a `Dialogue`, by its type. */
type RoomsOf<Server> = 0 extends 1 & Server ? any : Server extends { readonly "~rooms"?: infer R } ? R : any;

/**
 * A room that this client is in. After a lost connection it is joined again with its subscriptions, and what was said meanwhile in kinds
 * with history is handed to the same handlers: in order, nothing twice. Where that cannot be, `onClosed` and the client's `onError` say why.
 */
export interface RoomContext<E = any> {
  readonly roomId: string;
  /** As the server last said it. */
  readonly roomName: string;
  /**
   * Says something in the room.
   *
   * @param event A definition, which types `data`, or a name.
   * @param data The schema's input. Binary values may stand anywhere inside.
   * @param meta An object that travels beside the payload.
   * @returns `Ok` once the server accepted it, else `Err`; never rejects, so that it may be ignored. `EVENT_NOT_ALLOWED`, `VALIDATION_FAILED`,
   * `EVENT_BLOCKED`, `NOT_IN_ROOM`. After `TIMEOUT` and `DISCONNECTED` it may have been accepted all the same.
   */
  trigger<
    T,
    const D extends AnyEvent | ClosedName<E> | OpenName<E> = (EventDefinition<T> & OfRoom<E>) | OpenName<E>,
  >(
    event: D & Sent<D, E>,
    data: SentFor<D, E>,
    meta?: Record<string, unknown>,
  ): Promise<Result<void, DialogueError>>;
  /** Calls `handler` for every such event that this client is subscribed to; `"*"` for every event. */
  on<const D extends AnyEvent>(event: Among<D, E, "*">, handler: EventHandler<DataOf<D, E>>): () => void;
  on<N extends ClosedName<E>>(
    event: N,
    handler: EventHandler<DataOut<Extract<E, { readonly name: N }>>>,
  ): () => void;
  on<T>(
    event: OpenName<E> | "*" | (EventDefinition<T> & OfRoom<E, "*">),
    handler: EventHandler<T>,
  ): () => void;
  /** Calls `handler` for every event that this client is subscribed to. */
  onAny(handler: WildcardHandler): () => void;
  /** Asks for a kind of event, beside the room's `defaultSubscriptions`. A refusal goes to the client's `onError`. */
  subscribe(eventName: string): void;
  /** Asks for every kind of event. */
  subscribeAll(): void;
  /** Asks for a kind no longer; `"*"` takes `subscribeAll()` back. */
  unsubscribe(eventName: string): void;
  /**
   * What was said, newest first.
   *
   * @param start 0 is the newest. Default 0. @param end Exclusive. Default `start` + 50. Integers of 0 and up; the server returns at most
   * `limits.historyPage` events, and fewer where they are large.
   * @throws (rejects) {@link DialogueError} `NOT_IN_ROOM`.
   */
  getHistory<const D extends AnyEvent>(
    event: Among<D, E>,
    start?: number,
    end?: number,
  ): Promise<EventMessage<DataOf<D, E>>[]>;
  getHistory<N extends ClosedName<E>>(
    event: N,
    start?: number,
    end?: number,
  ): Promise<EventMessage<DataOut<Extract<E, { readonly name: N }>>>[]>;
  getHistory<T = unknown>(
    event: OpenName<E> | (EventDefinition<T> & OfRoom<E>),
    start?: number,
    end?: number,
  ): Promise<EventMessage<T>[]>;
  /**
   * The membership ended other than by `leave()`: `ROOM_NOT_FOUND` (it was deleted), `NOT_IN_ROOM` (the server removed this client), or why
   * it could not be joined again. Registered afterwards, it is called all the same.
   */
  onClosed(h: (reason: DialogueError) => void): () => void;
  /** Leaves for good. Nothing comes any more; `trigger` gives `NOT_IN_ROOM`. */
  leave(): void;
}

/** What {@link RoomContextWith} has of one event. Properties, since parameters of methods are compared loosely. */
interface RoomContextMethods<D extends AnyEvent> {
  readonly trigger: (
    event: D,
    data: DataIn<D>,
    meta?: Record<string, unknown>,
  ) => Promise<Result<void, DialogueError>>;
  readonly on: (event: D, handler: EventHandler<DataOut<D>>) => () => void;
  readonly getHistory: (event: D, start?: number, end?: number) => Promise<EventMessage<DataOut<D>>[]>;
}

/**
 * A {@link RoomContext} that has at least these events, whatever else it has: for the parameter of a function that serves several rooms.
 *
 * @example
 * function sayHello(room: RoomContextWith<typeof Message>) {
 *   return room.trigger(Message, { text: "Hello" });
 * }
 */
export type RoomContextWith<E extends AnyEvent> = Omit<RoomContext, keyof RoomContextMethods<E>> & AllOf<E>;
/** The methods of every event of a union. */
type AllOf<E> = (E extends AnyEvent ? (methods: RoomContextMethods<E>) => void : never) extends (
  methods: infer All,
) => void
  ? All
  : never;

/**
 * Makes a client, in a browser, on Node or on Bun. `createDialogueClient<typeof dialogue>({ … })` knows the server's rooms and events, by an `import type` of
 * the server's module: nothing of it is in the page.
 *
 * @throws {@link DialogueError} `INVALID_CONFIG`, naming the field.
 */
export function createDialogueClient<Server = any>(
  config: ClientConfig,
): DialogueClientInstance<RoomsOf<Server>>;

/**
 * The view of one room over a socket of `socket.io-client` that has joined it: for programs that hold the socket themselves. Requests are
 * acknowledged, and have 10 s. It does not join again: that is the one's who holds the socket.
 *
 * @param onLeave Is called by `leave()`.
 */
export function createRoomContext(
  socket: ClientSocket,
  roomId: string,
  roomName: string,
  onLeave: () => void,
): RoomContext;
