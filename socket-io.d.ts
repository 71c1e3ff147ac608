/// <reference types="node" />
import { EventEmitter } from "node:events";
import type {
  IncomingHttpHeaders,
  IncomingMessage,
  Server as PlainHttpServer,
  ServerResponse,
} from "node:http";
import type { Http2SecureServer, Http2Server } from "node:http2";
import type { Server as HttpsServer } from "node:https";
import type { LimitsConfig, Logger } from "./options.js";

// biome-ignore lint/complexity/noUselessEmptyExport: without it a file of declarations exports all of them.
export {};

// ---------------------------------------------------------------- maps of events

/** Event names, each with the type of its listener: its arguments, and at the end an acknowledgement if there is one. */
export interface EventsMap {
  [event: string]: any;
}

/** Any event with any arguments: the default if no map is given. */
export interface DefaultEventsMap {
  [event: string]: (...args: any[]) => void;
}

type Listener = (...args: any[]) => void;
type EventName<Map extends EventsMap> = keyof Map & (string | symbol);
type EventArgs<Map extends EventsMap, Name extends EventName<Map>> = Parameters<Map[Name]>;

type IsAny<T> = 0 extends 1 & T ? true : false;
type IsError<T> = IsAny<T> extends true ? false : T extends Error ? true : false;

/** The last of a list; of an open or optional end, what it may hold. */
type Last<List extends readonly unknown[]> = List extends readonly [unknown, ...infer Rest]
  ? Rest extends readonly []
    ? List[0]
    : Last<Rest>
  : List extends readonly (infer Item)[]
    ? Item
    : never;
type WithoutLast<List extends unknown[]> = List extends [...infer Start, unknown] ? Start : any[];

/** Whether an event ends in an acknowledgement; untyped ones may. */
type Acknowledged<F extends Listener> =
  IsAny<F | Last<Parameters<F>>> extends true
    ? "maybe"
    : Parameters<F> extends never[]
      ? "no"
      : Last<Parameters<F>> extends (...args: any[]) => any
        ? "yes"
        : "no";
type NameWithAck<Map extends EventsMap, Name extends EventName<Map> = EventName<Map>> = Name extends unknown
  ? Acknowledged<Map[Name]> extends "yes" | "maybe"
    ? Name
    : never
  : never;
type NameWithoutAck<
  Map extends EventsMap,
  Name extends EventName<Map> = EventName<Map>,
> = Name extends unknown ? (Acknowledged<Map[Name]> extends "no" | "maybe" ? Name : never) : never;
/** Those whose acknowledgement begins with an error: a timeout was set. */
type NameWithTimeout<
  Map extends EventsMap,
  Name extends NameWithAck<Map> = NameWithAck<Map>,
> = Name extends unknown
  ? Acknowledged<Map[Name]> extends "maybe"
    ? Name
    : Last<Parameters<Map[Name]>> extends (...answer: infer Answer) => any
      ? Answer[0] extends Error
        ? Name
        : never
      : never
  : never;
type WithoutAcks<Map extends EventsMap> = { [Name in NameWithoutAck<Map>]: Map[Name] };

/** What `emitWithAck` resolves with: the acknowledgement's first argument that is no error. */
type Answer<Ack> = Ack extends (...answer: infer Given) => any ? AnswerOf<Given> : any;
type AnswerOf<Given extends unknown[]> = IsError<Given[0]> extends true ? Given[1] : Given[0];
type AnswerTo<Map extends EventsMap, Name extends EventName<Map>> = Answer<Last<EventArgs<Map, Name>>>;

/** Of one acknowledgement: with an error in front, as `timeout` makes it. */
type TimedAck<Ack> = Ack extends (...answer: infer Given) => infer Return
  ? IsError<Given[0]> extends true
    ? Ack
    : (err: Error, ...answer: Given) => Return
  : Ack;
/** Of one acknowledgement: with the first answers of all clients, as a broadcast makes it. */
type GatheredAck<Ack> = Ack extends (...answer: infer Given) => infer Return
  ? Given extends []
    ? () => Return
    : IsError<Given[0]> extends true
      ? Given extends [unknown]
        ? (err: Error) => Return
        : (err: Error, responses: Given[1][]) => Return
      : (responses: Given[0][]) => Return
  : Ack;
// As in Socket.IO, an acknowledgement that may be left out stays as it is.
type TimedArgs<Args extends unknown[]> = {
  [Index in keyof Args]: undefined extends Args[Index] ? Args[Index] : TimedAck<Args[Index]>;
};
type GatheredArgs<Args extends unknown[]> = {
  [Index in keyof Args]: undefined extends Args[Index] ? Args[Index] : GatheredAck<Args[Index]>;
};
/** The same events under a timeout. */
type Timed<Map> = {
  [Name in keyof Map]: Map[Name] extends (...args: infer Args) => infer Return
    ? (...args: TimedArgs<Args>) => Return
    : Map[Name];
};
/** The same events sent to many. */
type Gathered<Map> = {
  [Name in keyof Map]: Map[Name] extends (...args: infer Args) => infer Return
    ? (...args: GatheredArgs<Args>) => Return
    : Map[Name];
};

type ListenerOf<
  Reserved extends EventsMap,
  Map extends EventsMap,
  Name extends EventName<Reserved> | EventName<Map>,
> = OrAny<
  Name extends EventName<Reserved> ? Reserved[Name] : Name extends EventName<Map> ? Map[Name] : never
>;
/** A name that is a type parameter still has no listener of its own. */
type OrAny<F> = [F] extends [never] ? (...args: any[]) => void | Promise<void> : F;

/** An `EventEmitter` whose `on`, `once`, `emit` and `listeners` know the events. A listener that throws or rejects is logged. */
declare abstract class StrictEventEmitter<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ReservedEvents extends EventsMap,
> extends EventEmitter {
  /** Calls `listener` at every such event. */
  on<Name extends EventName<ReservedEvents> | EventName<ListenEvents>>(
    event: Name,
    listener: ListenerOf<ReservedEvents, ListenEvents, Name>,
  ): this;
  /** Calls `listener` at the next such event. */
  once<Name extends EventName<ReservedEvents> | EventName<ListenEvents>>(
    event: Name,
    listener: ListenerOf<ReservedEvents, ListenEvents, Name>,
  ): this;
  /** Removes the newest registration of `listener`. */
  off(event: string | symbol, listener: (...args: any[]) => void): this;
  /** Removes the listeners of one event; without a name those of all. */
  removeAllListeners(event?: string | symbol): this;
  /** The listeners of an event, in the order in which they are called. A copy. */
  listeners<Name extends EventName<ReservedEvents> | EventName<ListenEvents>>(
    event: Name,
  ): ListenerOf<ReservedEvents, ListenEvents, Name>[];
  /**
   * Sends an event: a {@link Socket} to its client, the others to every client of the namespace. Binary values may stand anywhere in
   * the arguments.
   *
   * @param args A {@link Socket}'s may end in a function: the client's acknowledgement calls it. For those of many clients, see `timeout`.
   * @returns Always true.
   * @throws Where `event` is `connect`, `connect_error`, `disconnect`, `disconnecting`, `newListener` or `removeListener`, or the
   * arguments cannot be sent.
   */
  emit<Name extends EventName<EmitEvents>>(event: Name, ...args: EventArgs<EmitEvents, Name>): boolean;
}

/** An `EventEmitter` with some typed events; all others have any arguments. */
interface OpenEventEmitter<Events> extends EventEmitter {
  /** Calls `listener` at every such event. */
  on<Name extends keyof Events>(event: Name, listener: Events[Name]): this;
  on(event: string | symbol, listener: (...args: any[]) => void): this;
  /** Calls `listener` at the next such event. */
  once<Name extends keyof Events>(event: Name, listener: Events[Name]): this;
  once(event: string | symbol, listener: (...args: any[]) => void): this;
}

// ---------------------------------------------------------------- server

/** As Socket.IO has it. Only those of `node:http` can be attached to: let a proxy in front end TLS. */
type HttpServer = PlainHttpServer | HttpsServer | Http2SecureServer | Http2Server;
/** Decides whether a namespace of this name comes to be: `next(null, true)`. An error, or false: the next that might is asked. */
type NamespaceMatcher = (
  name: string,
  auth: { [key: string]: any },
  next: (err: Error | null, success: boolean) => void,
) => void;
type SocketMiddleware<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
> = (
  socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
  next: (err?: ExtendedError) => void,
) => void;

/** The error that a middleware passes to `next` to refuse a client. */
export interface ExtendedError extends Error {
  /** Reaches the client as `data` of its `connect_error`. */
  data?: any;
}

/** The events that a {@link Namespace} emits by itself. */
interface NamespaceEvents<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
> {
  /** The same as `connection`, just before it. */
  connect: (socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void;
  /** A client has connected and passed all middleware. None of its events is handled before the listener has returned. */
  connection: (socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void;
}

/** The events that a {@link Server} emits by itself. */
interface ServerEvents<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
> extends NamespaceEvents<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  /** A namespace other than `/` was created, by `of` or by the first client of a dynamic namespace. */
  new_namespace: (namespace: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void;
}

/**
 * The Socket.IO server. The methods that it shares with {@link Namespace} act on the namespace `/`.
 *
 * `ListenEvents`: the events that clients send. `EmitEvents`: the events that the server sends; default the same. `ServerSideEvents`: events
 * between servers. `SocketData`: the type of `socket.data`.
 */
export declare class Server<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = any,
> extends StrictEventEmitter<
  ServerSideEvents,
  WithoutAcks<EmitEvents>,
  ServerEvents<ListenEvents, EmitEvents, ServerSideEvents, SocketData>
> {
  /**
   * @param srv A port, 0 to 65535 (0: any free one), or a server of `node:http` to attach to. Absent: nothing listens before `listen`.
   * @throws `DialogueError` `INVALID_CONFIG`, naming the option, or for a server of `node:https` or `node:http2`, or one that another Server
   * is attached to. An `Error` for a request handler such as an Express app.
   */
  constructor(opts?: Partial<ServerOptions>);
  constructor(srv?: HttpServer | number, opts?: Partial<ServerOptions>);
  constructor(srv: undefined | Partial<ServerOptions> | HttpServer | number, opts?: Partial<ServerOptions>);

  /** The namespace `/`. */
  readonly sockets: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** The transport. It exists after `listen` or `attach`; after `close` and another `listen` it is a new one. */
  readonly engine: Engine;
  /** The same as `engine`: the name that Socket.IO's own code and some plug-ins use. */
  readonly eio: Engine;
  /** The HTTP server that this Server is attached to; for a port, an object with `address()`. It exists after `listen` or `attach`. */
  readonly httpServer: HttpServer;

  /** The path that the transport answers, without a `/` at its end. */
  path(): string;
  /** Sets it for the next `listen` or `attach`. */
  path(v: string): this;
  path(v?: string): this | string;
  /** Whether the browser's client library is served, under the transport's path. */
  serveClient(): boolean;
  /** Sets it for the next `listen` or `attach`. */
  serveClient(v: boolean): this;
  serveClient(v?: boolean): this | boolean;
  /** Milliseconds after which a connection that has joined no namespace is closed. */
  connectTimeout(): number;
  /** Sets it for the next `listen` or `attach`. */
  connectTimeout(v: number): this;
  connectTimeout(v?: number): this | number;
  /** Returns the constructor of {@link Namespace.adapter}. */
  adapter(): AdapterConstructor | undefined;
  /**
   * Takes what `adapter()` gives.
   *
   * @throws `DialogueError` `INVALID_CONFIG` for any other: rooms are the engine's own, and there is no cluster of servers yet.
   */
  adapter(v: AdapterConstructor): this;
  adapter(v?: AdapterConstructor): AdapterConstructor | undefined | this;

  /**
   * Begins to listen on a port, or attaches to a server, which may be listening already. In one place at a time: `close` it first.
   *
   * @param opts More options; one that the constructor was given too is the constructor's.
   * @throws As the constructor; where it is attached already.
   */
  listen(srv: HttpServer | number, opts?: Partial<ServerOptions>): this;
  /** The same as `listen`. */
  attach(srv: HttpServer | number, opts?: Partial<ServerOptions>): this;
  /**
   * Takes this Server's own `engine`, which it has by then anyway.
   *
   * @throws `DialogueError` `INVALID_CONFIG` for any other.
   */
  bind(engine: unknown): this;

  /**
   * A namespace; the same name is always the same object.
   *
   * @param name A text, to which a `/` is put in front where it has none. An expression or a function: those whose names it lets in,
   * each made when the first client asks for it; what is sent to the object that is returned reaches them all, and its
   * `fetchSockets` throws. Middleware and listeners for connections count for those that are made later.
   * @param fn Listens to its `connect`.
   */
  of(
    name: string | RegExp | NamespaceMatcher,
    fn?: (socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void,
  ): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /**
   * Closes every connection (`server shutting down`) and the server attached to. May be called twice; `listen` works again
   * afterwards.
   *
   * @param fn Called when all is closed, with an error where the server was not listening.
   * @returns Resolves then; does not reject for that.
   */
  close(fn?: (err?: Error) => void): Promise<void>;

  /**
   * Decides who may connect to `/`. One after the other in order; none runs for other namespaces.
   *
   * @param fn Goes on with `next()`; `next(error)` refuses: the client's `connect_error` has its message and `data`. One that throws has
   * refused, with `Internal error`.
   */
  use(fn: SocketMiddleware<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): this;
  /** Selects the sockets in any of these rooms. Each socket is in a room that is named by its id. */
  to(room: string | readonly string[]): BroadcastOperator<Gathered<EmitEvents>, SocketData>;
  /** The same as `to`. */
  in(room: string | readonly string[]): BroadcastOperator<Gathered<EmitEvents>, SocketData>;
  /** Selects all sockets except those in any of these rooms. */
  except(room: string | readonly string[]): BroadcastOperator<Gathered<EmitEvents>, SocketData>;
  /** Without effect: there is one server. */
  get local(): BroadcastOperator<Gathered<EmitEvents>, SocketData>;
  /** Events that may be lost: an event is dropped for a client whose transport cannot send it at once. */
  get volatile(): BroadcastOperator<Gathered<EmitEvents>, SocketData>;
  /** Without effect: nothing is compressed. */
  compress(compress: boolean): BroadcastOperator<Gathered<EmitEvents>, SocketData>;
  /**
   * Sets how long the next emit waits for acknowledgements.
   *
   * @param timeout Milliseconds.
   */
  timeout(timeout: number): BroadcastOperator<Timed<Gathered<EmitEvents>>, SocketData>;
  /** Emits `message`. */
  send(...args: Parameters<EmitEvents["message"]>): this;
  /** The same as `send`. */
  write(...args: Parameters<EmitEvents["message"]>): this;
  /** Returns the sockets. Their methods act on the clients. */
  fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]>;
  /** Puts every socket into rooms. Takes effect before it returns. */
  socketsJoin(room: string | readonly string[]): void;
  /** Takes every socket out of rooms. Takes effect before it returns. */
  socketsLeave(room: string | readonly string[]): void;
  /**
   * Disconnects every socket.
   *
   * @param close Closes its connection too, and with it the sockets of other namespaces. Default false.
   */
  disconnectSockets(close?: boolean): void;
  /**
   * Returns the ids of the sockets.
   *
   * @deprecated Use `fetchSockets`.
   */
  allSockets(): Promise<Set<string>>;
  /**
   * Sends to other servers, of which there are none: a warning, and an acknowledgement is never called.
   *
   * @returns Always true.
   * @throws Where `event` is `connect`, `connection` or `new_namespace`.
   */
  serverSideEmit<Name extends EventName<ServerSideEvents>>(
    event: Name,
    ...args: EventArgs<Gathered<Timed<ServerSideEvents>>, Name>
  ): boolean;
  /** As `serverSideEmit`; resolves to no answers, as there is no other server. */
  serverSideEmitWithAck<Name extends NameWithAck<ServerSideEvents>>(
    event: Name,
    ...args: WithoutLast<EventArgs<ServerSideEvents, Name>>
  ): Promise<AnswerTo<ServerSideEvents, Name>[]>;
}

/** The options of `new Server`. */
export interface ServerOptions extends EngineOptions {
  /** Path that the transport answers; a `/` in front is added. Default `/socket.io`. */
  path: string;
  /** Whether the browser's client library is served, under `path`. Default true. */
  serveClient: boolean;
  /** Milliseconds after which a connection that has joined no namespace is closed. Default 45,000; so is 0. */
  connectTimeout: number;
  /** Whether a namespace made for a client is forgotten when the last one has left it. Default false. */
  cleanupEmptyChildNamespaces: boolean;
  /** Whether the path is answered with a `/` behind it only. Default true. */
  addTrailingSlash?: boolean;
  /** Address to listen on, where a port is given. Default: all interfaces. */
  host?: string;
  /** Bounds on what clients can make the server do. Those for the rooms, commands and history of a Dialogue have nothing to bound. */
  limits?: LimitsConfig;
  /** Threads of the engine, a positive integer. Default 1: a single one keeps the order in which clients came. */
  threads?: number;
  /** Where faults of listeners and middleware go. Default: `createDefaultLogger()`. */
  logger?: Logger;
  /** Refused: rooms are the engine's own. */
  adapter?: AdapterConstructor;
  /** Refused: packets are the default parser's. */
  parser?: any;
  /** Without effect, with a warning: `socket.recovered` is always false. */
  connectionStateRecovery?: {
    /** Milliseconds. */
    maxDisconnectionDuration?: number;
    skipMiddlewares?: boolean;
  };
  /** Without effect: upgrades on other paths are left to the server attached to. */
  destroyUpgrade?: boolean;
  /** Without effect, as `destroyUpgrade`. */
  destroyUpgradeTimeout?: number;
}

/** The part of {@link ServerOptions} that the transport goes by. */
export interface EngineOptions {
  /** Milliseconds between two pings. Default 25,000. */
  pingInterval?: number;
  /** Milliseconds within which a client must answer a ping; otherwise its connection is closed. Default 20,000. */
  pingTimeout?: number;
  /** Milliseconds within which an upgrade from polling to WebSocket must be completed. Default 10,000. */
  upgradeTimeout?: number;
  /**
   * Most bytes of one part of a message from a client: its text over all its fragments, or an attachment. Default 1,000,000. Over it: closed. All
   * parts together: eleven times that.
   */
  maxHttpBufferSize?: number;
  /** The transports that clients can use. Default: both. */
  transports?: readonly ("polling" | "websocket")[];
  /** Whether polling may become a WebSocket. Default true. */
  allowUpgrades?: boolean;
  /**
   * Decides at each handshake: `fn(null, true)`. Otherwise 403, with the text given as error, if any.
   *
   * @param req To be read: method, URL, headers, address.
   */
  allowRequest?: (
    req: IncomingMessage,
    fn: (err: string | null | undefined, success: boolean) => void,
  ) => void;
  /** A cookie with the session's id, set at the handshake of polling. True: named `io`. Default none. */
  cookie?: CookieOptions | boolean;
  /** Which pages of other origins can use the server. Default: none. A function is called for each request. */
  cors?: CorsOptions | CorsOptionsDelegate;
  /**
   * Lets clients of Socket.IO 2 in, which speak version 3 of Engine.IO. Default false, since the `id` of their sockets is that of their session, as
   * their protocol requires. Anyone who learns that id can send as that client while it uses polling: keep it secret, or offer WebSocket only.
   */
  allowEIO3?: boolean;
  /** Without effect: nothing is compressed. */
  perMessageDeflate?: boolean | object;
  /** Without effect: nothing is compressed. */
  httpCompression?: boolean | object;
  /** Without effect: WebSockets are the engine's own. */
  wsEngine?: any;
}

/** See {@link EngineOptions.cookie}. */
export interface CookieOptions {
  name: string;
  domain?: string | undefined;
  /** Refused: a session's id needs no encoding. */
  encode?(value: string): string;
  expires?: Date | undefined;
  /** Default true. */
  httpOnly?: boolean | undefined;
  /** Seconds. */
  maxAge?: number | undefined;
  partitioned?: boolean | undefined;
  /** Default `/`; false: the cookie has none. */
  path?: string | false | undefined;
  priority?: "low" | "medium" | "high" | undefined;
  /** Default `lax`; true is `strict`. */
  sameSite?: boolean | "lax" | "strict" | "none" | undefined;
  secure?: boolean | undefined;
}

type AllowedOrigin = boolean | string | RegExp | (boolean | string | RegExp)[];

/** See {@link EngineOptions.cors}. */
export interface CorsOptions {
  /** `"*"`: any. `true`: whichever asks. `false`: none. Else the ones that may, as `https://example.com`. Default `"*"`. */
  origin?:
    | AllowedOrigin
    | ((
        requestOrigin: string | undefined,
        callback: (err: Error | null, origin?: AllowedOrigin) => void,
      ) => void)
    | undefined;
  /** Methods that a preflight allows. Default `GET,HEAD,PUT,PATCH,POST,DELETE`. */
  methods?: string | string[] | undefined;
  /** Headers that a preflight allows. Default: those asked for. */
  allowedHeaders?: string | string[] | undefined;
  /** Headers that the page may read. Default none. */
  exposedHeaders?: string | string[] | undefined;
  /** Whether cookies may be sent. Default false. */
  credentials?: boolean | undefined;
  /** Seconds for which a preflight's answer holds. Default: the browser's. */
  maxAge?: number | undefined;
  /** Whether a preflight goes on to what comes behind. Default false. */
  preflightContinue?: boolean | undefined;
  /** Status of a preflight's answer. Default 204. */
  optionsSuccessStatus?: number | undefined;
}

/** Gives the {@link CorsOptions} for a request. */
export type CorsOptionsDelegate = (
  req: IncomingMessage,
  callback: (err: Error | null, options?: CorsOptions) => void,
) => void;

/** What Socket.IO makes adapters with. */
export type AdapterConstructor = (new (nsp: any) => Adapter) | ((nsp: Namespace) => Adapter);

// ---------------------------------------------------------------- namespaces

/** The sockets that connected under one name. Got from {@link Server.of}. */
export declare class Namespace<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = any,
> extends StrictEventEmitter<
  ServerSideEvents,
  WithoutAcks<EmitEvents>,
  NamespaceEvents<ListenEvents, EmitEvents, ServerSideEvents, SocketData>
> {
  private constructor();

  /** `/`, or a name with a `/` in front. */
  readonly name: string;
  readonly server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** The sockets that are connected, by id. */
  readonly sockets: Map<string, Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>;
  /** The rooms of this namespace and the sockets in them. */
  readonly adapter: Adapter;

  /** As {@link Server.use}, for this namespace. */
  use(fn: SocketMiddleware<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): this;
  /** Selects the sockets in any of these rooms. Each socket is in a room that is named by its id. */
  to(room: string | readonly string[]): BroadcastOperator<Gathered<EmitEvents>, SocketData>;
  /** The same as `to`. */
  in(room: string | readonly string[]): BroadcastOperator<Gathered<EmitEvents>, SocketData>;
  /** Selects all sockets except those in any of these rooms. */
  except(room: string | readonly string[]): BroadcastOperator<Gathered<EmitEvents>, SocketData>;
  /** Without effect: there is one server. */
  get local(): BroadcastOperator<Gathered<EmitEvents>, SocketData>;
  /** Events that may be lost: an event is dropped for a client whose transport cannot send it at once. */
  get volatile(): BroadcastOperator<Gathered<EmitEvents>, SocketData>;
  /** Without effect: nothing is compressed. */
  compress(compress: boolean): BroadcastOperator<Gathered<EmitEvents>, SocketData>;
  /**
   * Sets how long the next emit waits for acknowledgements.
   *
   * @param timeout Milliseconds.
   */
  timeout(timeout: number): BroadcastOperator<Timed<Gathered<EmitEvents>>, SocketData>;
  /** Emits `message`. */
  send(...args: Parameters<EmitEvents["message"]>): this;
  /** The same as `send`. */
  write(...args: Parameters<EmitEvents["message"]>): this;
  /** Returns the sockets. Their methods act on the clients. */
  fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]>;
  /** Puts every socket into rooms. Takes effect before it returns. */
  socketsJoin(room: string | readonly string[]): void;
  /** Takes every socket out of rooms. Takes effect before it returns. */
  socketsLeave(room: string | readonly string[]): void;
  /**
   * Disconnects every socket.
   *
   * @param close Closes its connection too, and with it the sockets of other namespaces. Default false.
   */
  disconnectSockets(close?: boolean): void;
  /**
   * Returns the ids of the sockets.
   *
   * @deprecated Use `fetchSockets`.
   */
  allSockets(): Promise<Set<string>>;
  /** As {@link Server.serverSideEmit}. */
  serverSideEmit<Name extends EventName<ServerSideEvents>>(
    event: Name,
    ...args: EventArgs<Gathered<Timed<ServerSideEvents>>, Name>
  ): boolean;
  /** As {@link Server.serverSideEmitWithAck}. */
  serverSideEmitWithAck<Name extends NameWithAck<ServerSideEvents>>(
    event: Name,
    ...args: WithoutLast<EventArgs<ServerSideEvents, Name>>
  ): Promise<AnswerTo<ServerSideEvents, Name>[]>;
}

/** The rooms of a namespace and the sockets in them. Read only: writing into the maps throws a `TypeError`. Its events are emitted before the call that causes them returns. */
export interface Adapter
  extends OpenEventEmitter<{
    /** A room has its first member. */
    "create-room": (room: string) => void;
    /** A room has lost its last member. */
    "delete-room": (room: string) => void;
    /** After `create-room`. */
    "join-room": (room: string, id: string) => void;
    /** Before `delete-room`. */
    "leave-room": (room: string, id: string) => void;
  }> {
  /** By room, the ids of the sockets in it. */
  readonly rooms: Map<string, Set<string>>;
  /** By socket, the rooms that it is in. */
  readonly sids: Map<string, Set<string>>;
  /** Ids of the sockets in any of these rooms; of an empty set, of all sockets of the namespace. */
  sockets(rooms: ReadonlySet<string>): Promise<Set<string>>;
  /** The rooms that a socket is in; `undefined`: it is not there. */
  socketRooms(id: string): Set<string> | undefined;
  /** How many servers share the namespace: 1. */
  serverCount(): Promise<number>;
}

/** Sockets by their rooms, and how they are sent to. Immutable: every step gives another, so that each can be kept and used again. */
export interface BroadcastOperator<EmitEvents extends EventsMap, SocketData> {
  /** Adds the sockets in any of these rooms. A socket that is in several gets an event once. */
  to(room: string | readonly string[]): BroadcastOperator<EmitEvents, SocketData>;
  /** The same as `to`. */
  in(room: string | readonly string[]): BroadcastOperator<EmitEvents, SocketData>;
  /** Removes the sockets in any of these rooms. */
  except(room: string | readonly string[]): BroadcastOperator<EmitEvents, SocketData>;
  /** Without effect: there is one server. */
  readonly local: BroadcastOperator<EmitEvents, SocketData>;
  /** Events that may be lost: an event is dropped for a client whose transport cannot send it at once. */
  readonly volatile: BroadcastOperator<EmitEvents, SocketData>;
  /** Without effect: nothing is compressed. */
  compress(compress: boolean): BroadcastOperator<EmitEvents, SocketData>;
  /**
   * Sets how long the next emit waits for acknowledgements. Without it, it does not wait.
   *
   * @param timeout Milliseconds.
   */
  timeout(timeout: number): BroadcastOperator<Timed<EmitEvents>, SocketData>;
  /**
   * Sends an event.
   *
   * @param args May end in a function: called once, with `null` and the first argument of each acknowledgement in order of arrival, or
   * with an `Error` and those that arrived in time. The acknowledgement of a client that leaves is awaited until the timeout.
   * @returns Always true.
   * @throws As {@link Server.emit}.
   */
  emit<Name extends EventName<EmitEvents>>(event: Name, ...args: EventArgs<EmitEvents, Name>): boolean;
  /**
   * Sends an event after `timeout`, and waits for the acknowledgements.
   *
   * @returns The first argument of each, in order of arrival.
   * @throws (rejects) `Error`, when not all came in time; those that did are its `responses`.
   */
  emitWithAck<Name extends NameWithTimeout<EmitEvents>>(
    event: Name,
    ...args: WithoutLast<EventArgs<EmitEvents, Name>>
  ): Promise<AnswerTo<EmitEvents, Name>>;
  /** Returns the sockets. Their methods act on the clients. */
  fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]>;
  /** Puts them into rooms. Has acted when it returns. */
  socketsJoin(room: string | readonly string[]): void;
  /** Takes them out of rooms. Has acted when it returns. */
  socketsLeave(room: string | readonly string[]): void;
  /**
   * Disconnects them.
   *
   * @param close Closes their connections too, and with them the sockets of other namespaces. Default false.
   */
  disconnectSockets(close?: boolean): void;
  /**
   * Returns the ids of the sockets.
   *
   * @deprecated Use `fetchSockets`.
   */
  allSockets(): Promise<Set<string>>;
}

/** A socket as `fetchSockets` shows it: the {@link Socket} itself, of which this much is sure. */
export interface RemoteSocket<EmitEvents extends EventsMap, SocketData> {
  readonly id: string;
  readonly handshake: Handshake;
  /** Names of the rooms that it is in, its own id among them. */
  readonly rooms: Set<string>;
  readonly data: SocketData;
  /**
   * How long an acknowledgement is waited for.
   *
   * @param timeout Milliseconds.
   */
  timeout(timeout: number): Pick<BroadcastOperator<Timed<EmitEvents>, SocketData>, "emit" | "emitWithAck">;
  /** Sends it an event. */
  emit<Name extends EventName<EmitEvents>>(event: Name, ...args: EventArgs<EmitEvents, Name>): boolean;
  /** Puts it into rooms. */
  join(room: string | readonly string[]): void;
  /** Takes it out of a room. */
  leave(room: string): void;
  /** As {@link Socket.disconnect}. */
  disconnect(close?: boolean): this;
}

// ---------------------------------------------------------------- sockets

/** Why a socket is gone. */
export type DisconnectReason =
  | "client namespace disconnect"
  | "server namespace disconnect"
  | "server shutting down"
  | "forced close"
  | "forced server close"
  | "transport close"
  | "transport error"
  | "ping timeout"
  | "parse error";

/** The event's name and its arguments; an acknowledgement is a function at the end. */
export type Event = [string, ...any[]];

/** The request and the values with which a client connected. */
export interface Handshake {
  /** Of the request that opened the connection; names in lower case. */
  headers: IncomingHttpHeaders;
  /** When the socket was made, as `Date` writes it. */
  time: string;
  /** The client's address; see `limits.trustProxy`. */
  address: string;
  /** Whether the request had an `Origin`. */
  xdomain: boolean;
  /** Whether the request came over TLS. */
  secure: boolean;
  /** When the socket was made, in Unix milliseconds. */
  issued: number;
  /** Of the request that opened the connection: path and query. */
  url: string;
  /** The same for all namespaces of a connection; the last of several values of one name. */
  query: Record<string, string | string[] | undefined>;
  /** What the client gave as `auth`; `{}` where it gave nothing. */
  auth: { [key: string]: any };
}

/** The events that a {@link Socket} emits by itself. */
interface SocketEvents {
  /** The socket is disconnected and out of its rooms. `description`: an `Error` with details, if there are any. */
  disconnect: (reason: DisconnectReason, description?: any) => void;
  /** The socket is about to be disconnected; it is still in its rooms. */
  disconnecting: (reason: DisconnectReason, description?: any) => void;
  /** A packet could not be read, or a middleware refused an event. A listener is optional. */
  error: (err: Error) => void;
}

/** A client in a namespace. */
export declare class Socket<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = any,
> extends StrictEventEmitter<ListenEvents, EmitEvents, SocketEvents> {
  private constructor();

  /** The id of the socket. It is not the id of the transport's session. */
  readonly id: string;
  readonly nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents>;
  readonly handshake: Handshake;
  /** Always false: state is not recovered. */
  readonly recovered: boolean;
  /** An object for your own data; `{}` at first. */
  data: SocketData;
  /** Whether the socket is connected: true after all middleware has accepted it. */
  readonly connected: boolean;
  get disconnected(): boolean;
  /** Names of the rooms that it is in, its own id among them. To be read: see `join`. */
  get rooms(): Set<string>;
  /** The client, shared with its sockets in other namespaces. */
  readonly client: Client;
  /** The connection underneath. */
  get conn(): Connection;
  /** The request that opened the connection: method, URL, headers and address. Its body is gone. */
  get request(): IncomingMessage;

  /**
   * Sends an event, and waits for the acknowledgement; without `timeout` for as long as it takes.
   *
   * @returns The acknowledgement's first argument.
   * @throws (rejects) `Error` when the time of `timeout` is over.
   */
  emitWithAck<Name extends NameWithAck<EmitEvents>>(
    event: Name,
    ...args: WithoutLast<EventArgs<EmitEvents, Name>>
  ): Promise<AnswerTo<EmitEvents, Name>>;
  /** Emits `message`. */
  send(...args: Parameters<EmitEvents["message"]>): this;
  /** The same as `send`. */
  write(...args: Parameters<EmitEvents["message"]>): this;
  /**
   * How long the next emit waits for its acknowledgement, which then begins with an error or `null`.
   *
   * @param timeout Milliseconds.
   */
  timeout(timeout: number): Socket<ListenEvents, Timed<EmitEvents>, ServerSideEvents, SocketData>;
  /** The next emit may be lost: it is dropped where the transport cannot take it at once. */
  get volatile(): this;
  /** Without effect: nothing is compressed. */
  compress(compress: boolean): this;

  /** Selects the sockets in any of these rooms, except this one. */
  to(room: string | readonly string[]): BroadcastOperator<Gathered<EmitEvents>, SocketData>;
  /** The same as `to`. */
  in(room: string | readonly string[]): BroadcastOperator<Gathered<EmitEvents>, SocketData>;
  /** Selects all sockets of the namespace except this one and those in any of these rooms. */
  except(room: string | readonly string[]): BroadcastOperator<Gathered<EmitEvents>, SocketData>;
  /** Selects all sockets of the namespace except this one. */
  get broadcast(): BroadcastOperator<Gathered<EmitEvents>, SocketData>;
  /** The same as `broadcast`: there is one server. */
  get local(): BroadcastOperator<Gathered<EmitEvents>, SocketData>;

  /** Puts the socket into rooms. Takes effect before it returns; does nothing after a disconnect. */
  join(rooms: string | readonly string[]): Promise<void> | void;
  /** Takes the socket out of a room. Takes effect before it returns. */
  leave(room: string): Promise<void> | void;
  /** Takes the socket out of all rooms, also out of the one named by its id. Takes effect before it returns. */
  leaveAll(): void;
  /**
   * Disconnects the socket. The client does not reconnect by itself.
   *
   * @param close Closes the connection too, and with it the sockets of other namespaces. Default false.
   */
  disconnect(close?: boolean): this;

  /**
   * Sees every event of the client before its listeners do. One after the other in order.
   *
   * @param fn May change the event. Goes on with `next()`; `next(error)` stops it: `error` is told of it. One that throws stops it, and
   * is logged.
   */
  use(fn: (event: Event, next: (err?: Error) => void) => void): this;
  /** Calls `listener` with the name and arguments of every event of the client, before middleware and listeners. */
  onAny(listener: (...args: any[]) => void): this;
  /** As `onAny`, in front of those that are there. */
  prependAny(listener: (...args: any[]) => void): this;
  /** Removes a listener of `onAny`; without one all. */
  offAny(listener?: (...args: any[]) => void): this;
  /** The listeners of `onAny`, in the order in which they are called. */
  listenersAny(): ((...args: any[]) => void)[];
  /** Calls `listener` with the name and arguments of every event that is sent to the client, broadcasts among them. */
  onAnyOutgoing(listener: (...args: any[]) => void): this;
  /** As `onAnyOutgoing`, in front of those that are there. */
  prependAnyOutgoing(listener: (...args: any[]) => void): this;
  /** Removes a listener of `onAnyOutgoing`; without one all. */
  offAnyOutgoing(listener?: (...args: any[]) => void): this;
  /** The listeners of `onAnyOutgoing`, in the order in which they are called. */
  listenersAnyOutgoing(): ((...args: any[]) => void)[];
}

/** A client, over all its namespaces. */
export interface Client {
  /** The connection underneath. */
  readonly conn: Connection;
  /** The request that opened the connection. */
  readonly request: IncomingMessage;
}

// ---------------------------------------------------------------- transport

/** A connection of the transport, which the sockets of several namespaces may share. */
export interface Connection
  extends OpenEventEmitter<{
    /** It goes on over another transport. */
    upgrade: (transport: { readonly name: string }) => void;
    /** It is over. */
    close: (reason: string, description?: any) => void;
  }> {
  /** The transport's session. A secret between the server and this client. */
  readonly id: string;
  /** Of Engine.IO: 4, or 3 for clients of Socket.IO 2 ({@link EngineOptions.allowEIO3}). */
  readonly protocol: number;
  /** The client's address. */
  readonly remoteAddress: string;
  /** What it goes over now; `name` is `polling` or `websocket`. */
  readonly transport: { readonly name: string };
  readonly readyState: "opening" | "open" | "closing" | "closed";
  /** Whether it began as polling and is a WebSocket now. */
  readonly upgraded: boolean;
  /** The request that opened it. */
  readonly request: IncomingMessage;
  /** Closes it, and all sockets on it. */
  close(discard?: boolean): void;
}

/** A handshake or request that was refused. */
export interface ConnectionError {
  /** The request. */
  req: IncomingMessage;
  /**
   * 0: unknown transport. 1: unknown session. 2: bad handshake method. 3: bad request. 4: forbidden. 5: unsupported protocol version.
   */
  code: number;
  /** The code in words. */
  message: string;
  /** More about it: what depends on the code. */
  context: any;
}

/** `io.engine`: the transport. */
export interface Engine
  extends OpenEventEmitter<{
    /** A request was refused. */
    connection_error: (err: ConnectionError) => void;
    /** The answer to the first request of a session is about to leave: what is added to `headers` goes with it. */
    initial_headers: (headers: Record<string, string | string[]>, req: IncomingMessage) => void;
    /** The same of every request of a session. */
    headers: (headers: Record<string, string | string[]>, req: IncomingMessage) => void;
  }> {
  /** Connections now, those that have joined no namespace yet among them. */
  readonly clientsCount: number;
  /** What it goes by, defaults filled in. To be read. */
  readonly opts: EngineOptions;
  /**
   * Adds a middleware for requests that open a session, WebSocket handshakes among them; before anything is judged. Those of a session that is
   * open do not come by. `next(error)`: 400.
   *
   * @param fn As Express has them.
   */
  use(fn: (req: IncomingMessage, res: ServerResponse, next: (err?: any) => void) => void): void;
  use(fn: (req: any, res: any, next: any) => void): void;
  /** Ends every connection. */
  close(): this;
}
