// What `socket-io.d.ts` needs too: nothing here draws in the declarations of Zod, Hono or Node.
import type { StandardSchemaV1 } from "@standard-schema/spec";

// ---------------------------------------------------------------- events

/** What a room remembers of an event. */
export interface EventHistoryConfig {
  /** Whether events of this kind are remembered. */
  enabled: boolean;
  /** How many of the newest are kept in memory, per room. A positive integer. */
  limit: number;
}

/** What can be taken for a definition of an event, whatever its payload: see `EventDefinition`. */
export interface AnyEvent {
  readonly name: string;
  readonly description?: string;
  readonly schema?: StandardSchemaV1;
  readonly history?: EventHistoryConfig;
}

// ---------------------------------------------------------------- logs

/** One line of the log. */
export interface LogEntry {
  message: string;
  /** The function, hook or part of the engine that speaks. */
  atFunction: string;
  /** Whatever helps to understand; never a token. */
  data: unknown;
}

/** Where this package logs to. A logger that throws does no harm. */
export interface Logger {
  debug(e: LogEntry): void;
  info(e: LogEntry): void;
  warn(e: LogEntry): void;
  error(e: LogEntry): void;
}

// ---------------------------------------------------------------- limits

/**
 * Bounds on what clients can make the server do. `docs/limits.md` has their ranges; a value outside, or a name that is none, is `INVALID_CONFIG`.
 */
export interface LimitsConfig {
  /** Connections at a time. Default 100,000. Reached: 503 at the handshake. */
  connections?: number;
  /**
   * Connections from one address, of IPv6 from one /64 (behind a proxy everyone shares one: see `trustProxy`). Default off. Reached: 429.
   */
  connectionsPerAddress?: number | false;
  /** Namespaces that a connection may ask for per second; ten times as many at once; false: off. Default 10. Over it: `RATE_LIMITED`; ten times over for ten seconds: closed. */
  connects?: number | false;
  /**
   * Connects from one address per second, of IPv6 from one /64; a hundred times as many at once; false: off. Default 1,000. Over it: 429 at the
   * handshake, `RATE_LIMITED` for a further namespace of a connection.
   */
  connectsPerAddress?: number | false;
  /** Bytes of what a client sends as `auth`. Default 16 KiB. Larger: `INVALID_REQUEST`. */
  authBytes?: number;
  /**
   * TCP connections on which the server waits for a TLS handshake or for a request, the next one too. Default 10,000. Of more, those that have waited
   * longest are closed.
   */
  pendingConnections?: number;
  /**
   * TCP connections from one address, of IPv6 from one /64, that are no WebSocket, or not yet: handshakes, requests, polls. Trusted proxies are not
   * counted. Default off. Reached: closed.
   */
  httpConnectionsPerAddress?: number | false;
  /**
   * Whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. A list: proxies at these addresses and ranges (`"10.0.0.0/8"`); the client
   * is the last address that is none of them. A number: so many proxies, one behind the other. `true`: everybody, and the client is the first
   * address. The port behind an address is read; an entry that is no address ends the search. Default false. `app` sees the result too.
   */
  trustProxy?: boolean | number | readonly string[];
  /** `dialogue:*` commands per second per connection; false: off. Default 100. Over it: `RATE_LIMITED`; ten times over for ten seconds: closed. */
  rate?: number | false;
  /** How many of them may come at once. Default 200. */
  burst?: number;
  /** Events per second per connection for listeners on `io`; twice as many may come at once. Default off. Over it: dropped, counted. */
  eventRate?: number | false;
  /** History requests per second per connection, which `rate` counts too; twice as many may come at once; false: off. Default 10. */
  historyRate?: number | false;
  /**
   * Rooms in all, those of the program included. Default 100,000. Where there are so many, a client's `dialogue:createRoom` is `OVERLOADED`; the
   * program's own are never refused.
   */
  rooms?: number;
  /** Rooms that a client makes or deletes, per second per connection, which `rate` counts too; twice as many may come at once; false: off. Default 10. Over it: `RATE_LIMITED`. */
  roomRate?: number | false;
  /** Rooms of one page of `dialogue:listRooms`. Default 1,000, at most 100,000. A request for more is clamped; the answer says where the next page begins. */
  roomsPage?: number;
  /** Rooms per connection. Default 1,000. A further join: `INVALID_REQUEST`. */
  joins?: number;
  /** Subscriptions per connection. Default 10,000. A further one: `INVALID_REQUEST`. */
  subscriptions?: number;
  /** Bytes of a room id, event name or user id. Default 256. Longer: `INVALID_REQUEST`. */
  idLength?: number;
  /** Levels of a payload. Default 64. Deeper: `INVALID_REQUEST`. */
  jsonDepth?: number;
  /** Events of one page of history. Default 1,000. A request for more is clamped. */
  historyPage?: number;
  /**
   * Bytes queued to one connection, those of a poll's answer that is not out yet included. Default 4 MiB. Reached: the transport is closed, with a line in the log.
   * A message that is larger is sent alone: what comes before it is out closes a client that does read, too.
   */
  sendBuffer?: number;
  /** Milliseconds that a hook may take that something waits for: a deciding one, `onLoad`, `onCleanup`. Default 10,000. */
  hookTimeout?: number;
  /** Items that wait for JavaScript. Default 10,000. Reached: observers of events lose their oldest; what a hook would decide is `OVERLOADED`, and so is a client that a listener would be told of. */
  hookQueue?: number;
  /** The same in bytes. Default 64 MiB. */
  hookQueueBytes?: number;
  /** Bytes of history per room and kind of event. Default 16 MiB. Reached: the oldest leave through `onCleanup`. */
  historyBytes?: number;
  /**
   * Bytes of the app's answers that wait for their clients to read, in all. Default 32 MiB. Reached by answers of more than 512 KiB: those
   * connections are closed whose clients have taken nothing for longest. From half of it on, those of any answer whose clients have taken nothing for a
   * second. A single answer may be larger.
   */
  httpBuffer?: number;
  /** Milliseconds for each step before a connection is one: the TLS handshake, a request's head, its body, or each piece of a long one. Default 10,000. Reached: closed. */
  handshakeTimeout?: number;
  /**
   * Rooms that a user may hold by `dialogue:createRoom`, not counting those that the program made in its name. Default 0: clients create none. `events` of such rooms: default any.
   * `maxSize`: the most a room may ask for, and what it gets if it asks for none.
   */
  clientRooms?:
    | number
    | {
        max: number;
        events?: readonly AnyEvent[];
        defaultSubscriptions?: readonly string[];
        maxSize?: number;
      };
  /** Bytes of a request's body. Default 10 MiB. Larger: 413, and a response that has begun breaks off. */
  httpBody?: number;
  /** Bytes of a request's line and headers, 8 KiB to 1 MiB. Default 64 KiB. Larger: 431. */
  httpHeaders?: number;
  /** Milliseconds for `app` to answer, and for the client to take something of an answer, a poll's too. Default 30,000. Reached: 504; the connection is closed. */
  httpTimeout?: number;
  /** Requests inside `app` at a time. Default 10,000. Reached: 503. */
  httpInFlight?: number;
  /** Milliseconds that `stop()` waits for what is open. Default 10,000. Reached: cut, and counted in a log line. */
  drain?: number;
}
