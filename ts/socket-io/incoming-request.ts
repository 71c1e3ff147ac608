import { EventEmitter } from "node:events";
import { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { RequestHead } from "../native.js";

/** Headers of which Node keeps the first, since a second one makes no sense. */
const SINGLE = new Set([
  ...["age", "authorization", "content-length", "content-type", "etag", "expires", "from", "host"],
  ...["if-modified-since", "if-unmodified-since", "last-modified", "location", "max-forwards"],
  ...["proxy-authorization", "referer", "retry-after", "server", "user-agent"],
]);

/** What of a connection a middleware may ask. The real one is the engine's. */
class Peer extends EventEmitter {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly remoteFamily: string;
  readonly encrypted: boolean;
  readonly readable = true;
  readonly writable = true;
  readonly destroyed = false;

  constructor({ address, port, secure }: RequestHead) {
    super();
    this.remoteAddress = address;
    this.remotePort = port;
    this.encrypted = secure;
    this.remoteFamily = address.includes(":") ? "IPv6" : "IPv4";
  }

  /** Nothing: the connection goes on, or ends with the answer. */
  destroy(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }
}

/**
 * A request to the Socket.IO path as the program sees it: Node's own class, so that what takes an `IncomingMessage` takes this. Its body
 * stays with the engine. What a middleware sets on it is there for as long as the connection is.
 */
export class IncomingRequest extends IncomingMessage {
  readonly originalUrl: string;
  /** The query, as Engine.IO has it: of a repeated key the last value. */
  readonly _query: Record<string, string>;
  /** The response, while there is one to make. */
  res: unknown;

  constructor(head: RequestHead) {
    super(new Peer(head) as unknown as Socket);
    this.method = head.method;
    this.url = head.url;
    this.originalUrl = head.url;
    this.httpVersion = "1.1";
    this.httpVersionMajor = 1;
    this.httpVersionMinor = 1;
    this.rawHeaders = head.headers;
    this.headers = joined(head.headers);
    this.complete = true;
    const [, query = ""] = /\?(.*)$/s.exec(head.url) ?? [];
    this._query = Object.fromEntries(new URLSearchParams(query));
    this.push(null);
  }

  /** There is no socket of its own to close. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    done(error);
  }
}

/** Headers as one object, as Node joins them. */
function joined(flat: string[]): Record<string, string | string[]> {
  // A Map first: names are the client's, and `__proto__` is one like any other.
  const headers = new Map<string, string | string[]>();
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const name = (flat[index] as string).toLowerCase();
    const value = flat[index + 1] as string;
    const known = headers.get(name);
    if (name === "set-cookie") headers.set(name, [...((known as string[] | undefined) ?? []), value]);
    else if (known === undefined) headers.set(name, value);
    else if (!SINGLE.has(name)) headers.set(name, `${known}${name === "cookie" ? "; " : ", "}${value}`);
  }
  return Object.fromEntries(headers);
}
