import type { Socket as ClientSocket } from "socket.io-client";
import type {
  AnyEvent,
  DataIn,
  DataOut,
  DialogueError,
  EventDefinition,
  EventMessage,
  Result,
} from "./events.js";
import type { Among, DataFor, DataOf, EventsOf, IsOpen, NameOf, OfRoom, RoomId } from "./rooms.js";

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
} from "./events.js";
export { DialogueError, defineEvent, Err, is, Ok } from "./events.js";

// ---------------------------------------------------------------- configuration

/** The configuration of a client. */
export interface ClientConfig {
  /**
   * URL of the server: `ws://`, `wss://`, `http://` or `https://`; in a page also a relative one (`"/"`: the server of the page). A path is the
   * Socket.IO path of the server. Default path: `/socket.io`.
   */
  url: string;
  /**
   * Identity of the client: an object, or a function that returns one or a promise of one. The function is called at each connect, and for a new
   * `token` before the current one expires; its promise must settle within {@link ClientConfig.timeout}. Default: none; the server then assigns a
   * user id.
   */
  auth?: ClientAuth | (() => ClientAuth | Promise<ClientAuth>) | undefined;
  /** Whether the client connects at once. If false, call `connect()`. Default true. */
  autoConnect?: boolean | undefined;
  /** Whether the client tries again after a failed connect or a lost connection. Default true. */
  reconnection?: boolean | undefined;
  /**
   * Maximum number of attempts in a row to reconnect: an integer of 0 or more, or `Infinity`. Default `Infinity`. The first attempt waits a
   * random time of up to 1 s; the limit doubles with each further attempt, up to 5 s.
   */
  reconnectionAttempts?: number | undefined;
  /**
   * Milliseconds that a request may take, including the wait for the connection: 1 to 2,147,483,647. Default 10,000. After that it fails with
   * `TIMEOUT`, or with `DISCONNECTED` if it could not be sent.
   */
  timeout?: number | undefined;
}

/** What a client sends to the server when it connects. */
export interface ClientAuth {
  /** The user id. Only servers without `jwt` and `authenticate` accept it. */
  userId?: string | undefined;
  /** A JSON Web Token, for servers with `jwt`. */
  token?: string | undefined;
  /** Further values for the server's `authenticate`. Without `authenticate`, the server has them in `client.meta`. */
  [key: string]: unknown;
}

/**
 * The state of a client. `"connecting"`: it connects or reconnects. `"disconnected"`: it does neither, until `connect()` is called.
 */
export type ConnectionState = "disconnected" | "connecting" | "connected";

// ---------------------------------------------------------------- rooms

/** A room in lists and announcements. */
export interface RoomInfo {
  /** Its id, unique on the server. */
  id: string;
  /** Its name, for people to read. */
  name: string;
  /** Its description, for people to read. */
  description?: string;
  /** Number of connections in the room. */
  size: number;
  /** Maximum number of connections; absent: no maximum. */
  maxSize?: number;
  /** User id of the user that can delete the room; absent: no client can. */
  createdById?: string;
}

/** The options of {@link DialogueClientInstance.createRoom}. */
export interface CreateRoomOptions {
  /** The id of the room: 1 to 256 bytes, unless the server has another limit (`limits.idLength`). */
  id: string;
  /** Its name, for people to read. */
  name: string;
  /** Its description, for people to read. */
  description?: string | undefined;
  /** Maximum number of connections, a positive integer. Default: the server's. */
  maxSize?: number | undefined;
}

/** The server's answer to a connect. */
export interface ConnectionResult {
  clientId: string;
  userId: string;
}

/** The server's answer to a join. */
export interface JoinResult {
  roomId: string;
  roomName: string;
}

/** A function that is called with each event of a kind. */
export type EventHandler<T = unknown> = (message: EventMessage<T>) => void;

/** A function that is called with the name of each event and the event. */
export type WildcardHandler = (eventName: string, message: EventMessage) => void;

// ---------------------------------------------------------------- the client

/**
 * A client. Its methods need no `this`. Handlers can be registered before the first connect and stay through all connections. Each method that
 * registers a handler returns a function that removes it. If a handler throws or rejects, the error is reported on the console.
 *
 * A request that is made while `state` is `"connecting"` waits for the connection, within its timeout. While `state` is `"disconnected"`, it fails
 * at once with `DISCONNECTED`. Every request can fail with `TIMEOUT`, `DISCONNECTED`, `RATE_LIMITED`, `OVERLOADED` (also if 10,000 requests are
 * under way), `INVALID_REQUEST` and `INTERNAL`, besides the codes that its own comment names.
 *
 * `R`: the type of the server's rooms, see {@link createDialogueClient}.
 */
export interface DialogueClientInstance<R = any> {
  /** The user id that the server knows this client by; `""` before the first connect. */
  readonly userId: string;
  /** Whether `state` is `"connected"`. */
  readonly connected: boolean;
  readonly state: ConnectionState;
  /**
   * Connects, or waits for the connect that is under way. Joins all rooms again that were not left.
   *
   * @throws Rejects with {@link DialogueError}: the refusal of the server (`UNAUTHORIZED`, `TOKEN_EXPIRED`, …); `DISCONNECTED` if the client gives up
   * or `disconnect()` is called; `TIMEOUT` if it is not connected in time (it continues to try). The promise can be ignored: `onError` reports the
   * same errors.
   */
  connect(): Promise<void>;
  /** Closes the connection and stops all attempts to reconnect. The rooms are joined again at the next `connect()`, except those left by `leave()`. */
  disconnect(): void;
  /**
   * Joins a room. If this client is in it already, resolves with the same object.
   *
   * @throws Rejects with {@link DialogueError} `ROOM_NOT_FOUND`, `ROOM_FULL` or `JOIN_DENIED`.
   */
  join<Id extends RoomId<R>>(roomId: Id): Promise<RoomContext<EventsOf<R, Id>>>;
  /** Returns a room that this client is in, also if the server put it there; otherwise `undefined`. A lost connection changes nothing. */
  getRoom<Id extends RoomId<R>>(roomId: Id): RoomContext<EventsOf<R, Id>> | undefined;
  /** Returns the listed rooms of the server. */
  listRooms(): Promise<RoomInfo[]>;
  /**
   * Creates a room, if the server allows it (`limits.clientRooms`).
   *
   * @throws Rejects with {@link DialogueError} `PERMISSION_DENIED` or `ROOM_EXISTS`.
   */
  createRoom(options: CreateRoomOptions): Promise<RoomInfo>;
  /**
   * Deletes a room that this user created.
   *
   * @throws Rejects with {@link DialogueError} `PERMISSION_DENIED` or `ROOM_NOT_FOUND`.
   */
  deleteRoom(roomId: string): Promise<void>;
  /** Calls `h` when a listed room was created. */
  onRoomCreated(h: (room: RoomInfo) => void): () => void;
  /** Calls `h` when a room was deleted. */
  onRoomDeleted(h: (roomId: string) => void): () => void;
  /** Calls `h` after each connect, the first one and every reconnect. The client joins its rooms again by itself: do not join them here. */
  onConnect(h: () => void): () => void;
  /**
   * Calls `h` when a connection ended. `state` tells whether the client reconnects.
   *
   * `reason`: `"transport close"`, `"transport error"`, `"ping timeout"`, `"io server disconnect"` (the server closed it; the client does not
   * reconnect) or `"io client disconnect"`.
   */
  onDisconnect(h: (reason: string) => void): () => void;
  /**
   * Calls `h` with errors that belong to no pending request: a refused connect; the first of several failed connects, and that the client gave up;
   * a room that could not be joined again, or whose missed events could not be fetched; a refused subscription; an expired token.
   */
  onError(h: (error: DialogueError) => void): () => void;
  /**
   * Calls `h` once after a join with the history of a room (`syncHistoryOnJoin`), newest first. After a lost connection, missed events are passed
   * to the handlers of the room instead.
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
 * A room that this client is in. After a lost connection, the client joins it again with the same subscriptions. Missed events of kinds with
 * history are passed to the same handlers, in order and each once. If this fails, `onClosed` and `onError` of the client report why.
 *
 * `E`: the room's events, if the type of the server names them. See {@link RoomContextWith} for parameters of functions.
 */
export interface RoomContext<E = any> {
  readonly roomId: string;
  /** The room's name, as last received from the server. */
  readonly roomName: string;
  /**
   * Sends an event to all subscribers of the room.
   *
   * @param event A definition, which types `data`, or a name.
   * @param data The payload: the input of the schema. It may contain binary values at any depth.
   * @param meta An object that is sent with the payload.
   * @returns `Ok` when the server has accepted the event, otherwise `Err` with `EVENT_NOT_ALLOWED`, `VALIDATION_FAILED`, `EVENT_BLOCKED` or
   * `NOT_IN_ROOM`. Never rejects. After `TIMEOUT` and `DISCONNECTED`, the server may have accepted the event nevertheless.
   */
  trigger<
    T,
    const D extends AnyEvent | ClosedName<E> | OpenName<E> = (EventDefinition<T> & OfRoom<E>) | OpenName<E>,
  >(
    event: D & Sent<D, E>,
    data: SentFor<D, E>,
    meta?: Record<string, unknown>,
  ): Promise<Result<void, DialogueError>>;
  /** Calls `handler` for every such event that this client is subscribed to; `"*"`: for every event. Returns a function that removes it. */
  on<const D extends AnyEvent>(event: Among<D, E, "*">, handler: EventHandler<DataOf<D, E>>): () => void;
  on<N extends ClosedName<E>>(
    event: N,
    handler: EventHandler<DataOut<Extract<E, { readonly name: N }>>>,
  ): () => void;
  on<T>(
    event: OpenName<E> | "*" | (EventDefinition<T> & OfRoom<E, "*">),
    handler: EventHandler<T>,
  ): () => void;
  /** Calls `handler` for every event that this client is subscribed to. Returns a function that removes it. */
  onAny(handler: WildcardHandler): () => void;
  /** Subscribes to an event, in addition to the room's `defaultSubscriptions`. If the server refuses, `onError` of the client is called. */
  subscribe(eventName: string): void;
  /** Subscribes to all events. */
  subscribeAll(): void;
  /** Ends the subscription to an event; `"*"` ends `subscribeAll()`. */
  unsubscribe(eventName: string): void;
  /**
   * Returns past events of one kind, newest first.
   *
   * @param start Index of the first event, an integer of 0 or more; 0 is the newest. Default 0.
   * @param end Index behind the last event. Default `start` + 50. The server returns at most `limits.historyPage` events, and fewer if they are large.
   * @throws Rejects with {@link DialogueError} `NOT_IN_ROOM`.
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
   * Calls `h` when the membership ends for another reason than `leave()`: `ROOM_NOT_FOUND` (the room was deleted), `NOT_IN_ROOM` (the server removed
   * this client), or the reason why the room could not be joined again. If it has ended already, `h` is called too.
   */
  onClosed(h: (reason: DialogueError) => void): () => void;
  /** Leaves the room. No more events arrive, and `trigger` returns `NOT_IN_ROOM`. */
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
 * Creates a client, in a browser, on Node or on Bun.
 *
 * `createDialogueClient<typeof dialogue>({ … })` knows the rooms and events of the server. `dialogue` comes from an `import type` of the server's
 * module, so no server code reaches the page.
 *
 * @throws {@link DialogueError} `INVALID_CONFIG`, naming the field.
 */
export function createDialogueClient<Server = any>(
  config: ClientConfig,
): DialogueClientInstance<RoomsOf<Server>>;

/**
 * Creates the view of a room over a socket of `socket.io-client` that has joined it, for programs with a socket of their own. A request fails with
 * `TIMEOUT` after 10 s. The view does not join again after a lost connection.
 *
 * @param onLeave Called by `leave()`.
 */
export function createRoomContext(
  socket: ClientSocket,
  roomId: string,
  roomName: string,
  onLeave: () => void,
): RoomContext;
