import { type OutgoingHttpHeader, STATUS_CODES, validateHeaderName, validateHeaderValue } from "node:http";
import { Writable } from "node:stream";
import type { IncomingRequest } from "./incoming-request.js";

type Headers = Record<string, OutgoingHttpHeader | undefined> | OutgoingHttpHeader[];

/** An error as Node's own response throws it. */
const headersSent = (what: string): Error =>
  Object.assign(new Error(`Cannot ${what} headers after they are sent to the client`), {
    code: "ERR_HTTP_HEADERS_SENT",
  });

/**
 * The response to a request to the Socket.IO path, as a middleware sees it: what of `http.ServerResponse` middlewares use. It keeps
 * what it is told, and hands it on when it ends; middlewares may put functions of their own before `writeHead`, `write` and `end`.
 */
export class HandshakeResponse extends Writable {
  readonly req: IncomingRequest;
  readonly socket: unknown;
  readonly connection: unknown;
  statusCode = 200;
  statusMessage = "";
  sendDate = true;
  readonly #headers = new Map<string, [name: string, value: OutgoingHttpHeader]>();
  readonly #chunks: Buffer[] = [];
  readonly #ended: () => void;
  #sent = false;

  /** @param ended Called once, when it is complete. */
  constructor(req: IncomingRequest, ended: () => void) {
    super({ decodeStrings: true });
    this.req = req;
    this.socket = req.socket;
    this.connection = req.socket;
    this.#ended = ended;
  }

  get headersSent(): boolean {
    return this.#sent;
  }

  /** What Node calls it inside, and middlewares look at. */
  get _header(): string | null {
    return this.#sent ? `HTTP/1.1 ${this.statusCode} ${this.statusMessage}` : null;
  }

  get finished(): boolean {
    return this.writableEnded;
  }

  setHeader(name: string, value: OutgoingHttpHeader): this {
    if (this.#sent) throw headersSent("set");
    validateHeaderName(name);
    for (const one of [value].flat()) validateHeaderValue(name, one as string);
    this.#headers.set(name.toLowerCase(), [name, value]);
    return this;
  }

  setHeaders(headers: Iterable<[string, OutgoingHttpHeader]>): this {
    for (const [name, value] of headers) this.setHeader(name, value);
    return this;
  }

  appendHeader(name: string, value: string | readonly string[]): this {
    const known = this.getHeader(name);
    return this.setHeader(name, known === undefined ? (value as string) : [known, value].flat(2).map(String));
  }

  getHeader(name: string): OutgoingHttpHeader | undefined {
    return this.#headers.get(String(name).toLowerCase())?.[1];
  }

  getHeaders(): Record<string, OutgoingHttpHeader> {
    const headers = Object.create(null);
    for (const [key, [, value]] of this.#headers) headers[key] = value;
    return headers;
  }

  getHeaderNames(): string[] {
    return [...this.#headers.keys()];
  }

  getRawHeaderNames(): string[] {
    return [...this.#headers.values()].map(([name]) => name);
  }

  hasHeader(name: string): boolean {
    return this.#headers.has(String(name).toLowerCase());
  }

  removeHeader(name: string): void {
    if (this.#sent) throw headersSent("remove");
    this.#headers.delete(String(name).toLowerCase());
  }

  flushHeaders(): void {
    if (!this.#sent) this._implicitHeader();
  }

  writeHead(statusCode = this.statusCode, reason?: string | Headers, given?: Headers): this {
    if (this.#sent) throw headersSent("write");
    const headers = typeof reason === "string" ? given : (reason ?? given);
    for (const [name, value] of pairs(headers)) this.setHeader(name, value);
    this.statusCode = Number(statusCode) | 0;
    this.statusMessage = typeof reason === "string" ? reason : (STATUS_CODES[this.statusCode] ?? "");
    this.#sent = true;
    return this;
  }

  /** The program may have put a `writeHead` of its own before this one's. */
  _implicitHeader(): void {
    this.writeHead(this.statusCode);
  }

  override write(...args: unknown[]): boolean {
    this.flushHeaders();
    return (super.write as (...args: unknown[]) => boolean).apply(this, args);
  }

  override end(...args: unknown[]): this {
    this.flushHeaders();
    return (super.end as (...args: unknown[]) => this).apply(this, args);
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.#ended();
    done();
  }

  /** What was written. */
  body(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** Name, value, name, value …; a header with several values is several. */
  flatHeaders(): string[] {
    return [...this.#headers.values()].flatMap(([name, value]) =>
      [value].flat().flatMap((one) => [name, String(one)]),
    );
  }
}

/** What `writeHead` takes: an object, or a list of names and values, flat or in pairs. Of one name in two spellings both count. */
function pairs(headers: Headers | undefined): [string, OutgoingHttpHeader][] {
  if (!headers) return [];
  let entries: [string, OutgoingHttpHeader | undefined][];
  if (!Array.isArray(headers)) entries = Object.entries(headers);
  else if (Array.isArray(headers[0])) entries = headers as unknown as typeof entries;
  else entries = headers.flatMap((name, at) => (at % 2 ? [] : [[String(name), headers[at + 1]]]));
  const merged = new Map<string, [string, OutgoingHttpHeader]>();
  for (const [name, value] of entries) {
    if (value === undefined) continue;
    const known = merged.get(name.toLowerCase());
    merged.set(name.toLowerCase(), known ? [known[0], [known[1], value].flat(2).map(String)] : [name, value]);
  }
  return [...merged.values()];
}
