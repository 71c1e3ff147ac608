// What `socket-io.d.ts` needs too: nothing here draws in the declarations of Zod, Hono or Node.
import type { StandardSchemaV1 } from "@standard-schema/spec";

// ---------------------------------------------------------------- events

/** How many events of a kind each room keeps. */
export interface EventHistoryConfig {
  /** Whether events of this kind are kept. */
  enabled: boolean;
  /** Number of the newest events that each room keeps in memory: a positive integer. */
  limit: number;
}

/** A definition of an event with any payload and any schema: see `EventDefinition`. */
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
  /** The function, the hook or the part of the engine that the line is about. */
  atFunction: string;
  /** Details; never a token. */
  data: unknown;
}

/** Receives the log lines of this package. If a method throws, the error is ignored. */
export interface Logger {
  debug(e: LogEntry): void;
  info(e: LogEntry): void;
  warn(e: LogEntry): void;
  error(e: LogEntry): void;
}

// ---------------------------------------------------------------- limits

/**
 * Bounds on what clients can make the server do. `docs/limits.md` has their ranges. A value out of range, or an unknown name, is `INVALID_CONFIG`.
 */
export interface LimitsConfig {
  /** Maximum number of connections. Default 100,000. If reached, a handshake gets 503. */
  connections?: number;
  /**
   * Maximum number of connections from one address, for IPv6 from one /64. Behind a proxy, all clients share one address: see `trustProxy`. Default
   * off. If reached, a handshake gets 429.
   */
  connectionsPerAddress?: number | false;
  /**
   * Requests for namespaces per second and connection; ten times as many at once. `false`: off. Default 10. Above it, a request fails with
   * `RATE_LIMITED`; a connection that stays ten times above it for 10 s is closed.
   */
  connects?: number | false;
  /**
   * Connects from one address per second, of IPv6 from one /64; a hundred times as many at once; false: off. Default 1,000. Over it: 429 at the
   * handshake, `RATE_LIMITED` for a further namespace of a connection.
   */
  connectsPerAddress?: number | false;
  /** Maximum size of a client's `auth` in bytes. Default 16 KiB. If it is larger, the connect fails with `INVALID_REQUEST`. */
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
   * Which proxies are trusted to set `X-Forwarded-For` and `X-Forwarded-Proto`. A list: the proxies at these addresses and ranges (`"10.0.0.0/8"`);
   * the client is the last address that is not in the list. A number: that many proxies in a row. `true`: any sender; the client is the first
   * address. A port behind an address is accepted; an entry that is not an address ends the search. Default false. `app` sees the result too.
   */
  trustProxy?: boolean | number | readonly string[];
  /**
   * Commands (`dialogue:*`) per second and connection. `false`: off. Default 100. Above it, a command fails with `RATE_LIMITED`; a connection that
   * stays ten times above it for 10 s is closed.
   */
  rate?: number | false;
  /** Number of commands that may arrive at once. Default 200. */
  burst?: number;
  /** Events per second and connection for listeners on `io`; twice as many at once. Default off. Events above it are dropped and counted. */
  eventRate?: number | false;
  /** History requests per second and connection, twice as many at once; `rate` counts them too. `false`: off. Default 10. Above it: `RATE_LIMITED`. */
  historyRate?: number | false;
  /**
   * Maximum number of rooms, including those that your code creates. Default 100,000. If reached, a client's `dialogue:createRoom` fails with
   * `OVERLOADED`; your code can still create rooms.
   */
  rooms?: number;
  /**
   * Rooms that a client creates or deletes per second and connection, twice as many at once; `rate` counts them too. `false`: off. Default 10. Above
   * it: `RATE_LIMITED`.
   */
  roomRate?: number | false;
  /** Maximum number of rooms in one page of `dialogue:listRooms`. Default 1,000. The answer to a larger request names the start of the next page. */
  roomsPage?: number;
  /** Maximum number of rooms that a connection is in. Default 1,000. A further join fails with `INVALID_REQUEST`. */
  joins?: number;
  /** Maximum number of subscriptions of a connection. Default 10,000. A further one fails with `INVALID_REQUEST`. */
  subscriptions?: number;
  /** Maximum length of a room id, an event name or a user id in bytes. Default 256. Longer: `INVALID_REQUEST`. */
  idLength?: number;
  /** Maximum depth of a payload in levels of objects and lists. Default 64. Deeper: `INVALID_REQUEST`. */
  jsonDepth?: number;
  /** Maximum number of events in one page of history. Default 1,000. A larger request gets this many. */
  historyPage?: number;
  /**
   * Bytes queued to one connection, those of a poll's answer that is not out yet included. Default 4 MiB. Reached: the transport is closed, with a line in the log.
   * A message that is larger is sent alone: what comes before it is out closes a client that does read, too.
   */
  sendBuffer?: number;
  /** Maximum time in ms for a deciding hook, `onLoad` and `onCleanup`. Default 10,000. */
  hookTimeout?: number;
  /** Items that wait for JavaScript. Default 10,000. Reached: observers of events lose their oldest; what a hook would decide is `OVERLOADED`, and so is a client that a listener would be told of. */
  hookQueue?: number;
  /** The same limit in bytes. Default 64 MiB. */
  hookQueueBytes?: number;
  /** Maximum size of the history of one kind of event in one room in bytes. Default 16 MiB. If reached, the oldest events are passed to `onCleanup`. */
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
   * Maximum number of rooms that a user has created by `dialogue:createRoom`. Rooms that your code creates for a user do not count. Default 0:
   * clients cannot create rooms. `events`: the allowed events of such rooms; default any. `maxSize`: the largest `maxSize` that a client can
   * choose, and the default.
   */
  clientRooms?:
    | number
    | {
        max: number;
        events?: readonly AnyEvent[];
        defaultSubscriptions?: readonly string[];
        maxSize?: number;
      };
  /** Maximum size of a request's body in bytes. Default 10 MiB. A larger one gets 413; a response that has begun is cut. */
  httpBody?: number;
  /** Maximum size of a request's first line and headers in bytes, 8 KiB to 1 MiB. Default 64 KiB. Larger ones get 431. */
  httpHeaders?: number;
  /**
   * Time in ms for `app` to answer, and for a client to read a part of an answer, also of a poll. Default 30,000. After it, the request gets 504, and a
   * connection that is not read is closed.
   */
  httpTimeout?: number;
  /** Maximum number of requests that `app` handles at a time. Default 10,000. A further one gets 503. */
  httpInFlight?: number;
  /** Time in ms that `stop()` waits for open connections and requests. Default 10,000. After it they are cut; a log line gives their number. */
  drain?: number;
}
