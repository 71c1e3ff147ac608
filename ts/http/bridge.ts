import type { FetchApp } from "../../index.js";
import type { Dispatcher } from "../dispatcher.js";
import type { HttpCall, HttpFollowUp, NativeDialogue } from "../native.js";
import { isThenable } from "../thenable.js";
import { Answers } from "./answers.js";
import { Exchange, type Way } from "./exchange.js";
import { type HeaderLines, headerLines } from "./headers-text.js";
import { knownLength, knownText, knownType } from "./known-response.js";
import { createRequest } from "./light-request.js";
import { lightParts } from "./light-response.js";
import { isForApps, normalMethod } from "./methods.js";
import { begin, typeOfBytes } from "./pieces.js";

/** What the bridge asks of an engine. */
export type HttpPort = Pick<NativeDialogue, Extract<keyof NativeDialogue, `http${string}`>>;

/** Statuses whose responses have no body. */
const EMPTY = new Set([204, 205, 304]);
const IS_BUN = process.versions["bun"] !== undefined;
const PLAIN_TEXT = "content-type\ntext/plain; charset=utf-8\n";

/** Requests that begin without an answer before promises go on. */
const BEGUN_TOGETHER = 8;
/** Bytes that count as one more of them. */
const HEAVY = 256 * 1024;

/** What a server speaks. */
export type Scheme = "http" | "https";

/** Hands HTTP requests to the app and its responses back. */
export class HttpBridge {
  #app: FetchApp;
  readonly #isLight: boolean;
  readonly #way: Way;
  readonly #dispatcher: Dispatcher;
  /** Requests that were begun and not answered at once, since promises could last go on. */
  #begun = 0;

  /** @param isLight Requests are light: the global objects were replaced. Else they are the runtime's own. */
  constructor(app: FetchApp, isLight: boolean, port: HttpPort, dispatcher: Dispatcher) {
    this.#app = app;
    this.#isLight = isLight;
    this.#way = { port, answers: new Answers((texts) => port.httpRespondAll(texts)), open: new Map() };
    this.#dispatcher = dispatcher;
  }

  /**
   * Whether so many requests were begun, and not answered at once, that those should go on before others begin: each holds what it is
   * answered with, and what was copied on the way, until it is.
   */
  isCrowded(): boolean {
    if (this.#begun < BEGUN_TOGETHER) return false;
    this.#begun = 0;
    return true;
  }

  /** From now on another app answers. */
  use(app: FetchApp): void {
    this.#app = app;
  }

  /** Answers a request. What the app does wrong ends here. */
  handle(call: HttpCall, body: Buffer | undefined): void {
    const exchange = new Exchange(call, body, this.#way);
    let request: Request;
    try {
      if (!isForApps(call.method)) throw new TypeError("no such request");
      const method = normalMethod(call.method);
      const asked = method === call.method ? call : { ...call, method };
      request = createRequest(asked, absoluteUrl(call.url), exchange, this.#isLight);
    } catch {
      // What fetch's Request does not take: a URL that is none, a method such as TRACE.
      exchange.respond(400, PLAIN_TEXT, "Bad Request");
      return;
    }
    try {
      const answered = this.#app.fetch(request, new Env(call.peer));
      if (isThenable(answered)) {
        this.#begun++;
        exchange.follow();
        const sent = Promise.resolve(answered).then((response) => this.#send(call, exchange, response));
        sent.catch((error) => this.#fail(exchange, error));
      } else {
        const sent = this.#send(call, exchange, answered);
        if (sent) this.#begun++;
        sent?.catch((error) => this.#fail(exchange, error));
      }
    } catch (error) {
      this.#fail(exchange, error);
    }
  }

  #fail(exchange: Exchange, error: unknown): void {
    // An app that gives up since its client did has done nothing wrong.
    if (!isAbort(error, exchange)) this.#dispatcher.fault("app.fetch", error);
    exchange.respond(500, PLAIN_TEXT, "Internal Server Error");
  }

  /** What happened to a request meanwhile. */
  follow(call: HttpFollowUp, piece: Buffer | undefined): void {
    const exchange = this.#way.open.get(call.id);
    if (!exchange) return;
    if (call.k === "httpPiece") exchange.piece(piece, call.more);
    else if (call.k === "httpDrained") exchange.drained();
    else exchange.aborted();
  }

  /** Sends a response; a promise where that takes longer. */
  #send({ method }: HttpCall, exchange: Exchange, response: Response): Promise<void> | undefined {
    const parts = lightParts(response);
    if (parts) {
      this.#respond(method, exchange, parts.status, parts.headersText, parts.body);
      return undefined;
    }
    if (typeof response?.status !== "number" || typeof response.headers?.getSetCookie !== "function") {
      throw new TypeError("app.fetch must return a Response");
    }
    const known = knownText(response);
    if (known !== undefined) {
      this.#respond(method, exchange, response.status, allHeaders(response).text, known);
      return undefined;
    }
    return this.#sendStream(method, exchange, response);
  }

  /** Answers with all there is; to HEAD, with the length that it has. */
  #respond(
    method: string,
    exchange: Exchange,
    status: number,
    headers: string,
    body: string | Uint8Array | null,
  ): void {
    if (body === null || EMPTY.has(status)) exchange.respond(status, headers, null);
    else if (normalMethod(method) !== "HEAD") exchange.respond(status, headers, body);
    else exchange.respond(status, withLength(method, headers, Buffer.byteLength(body)), null);
  }

  async #sendStream(method: string, exchange: Exchange, response: Response): Promise<void> {
    const { status, body } = response;
    const isHead = normalMethod(method) === "HEAD";
    const { text, isTyped } = allHeaders(response);
    if (body === null || EMPTY.has(status) || (isHead && body.locked)) {
      exchange.respond(status, text, null);
      void body?.cancel().catch(() => {});
      return;
    }
    const length = response.bodyUsed ? undefined : knownLength(response);
    this.#begun += (length ?? 0) / HEAVY;
    if (length !== undefined && !isHead && isTyped && !body.locked) {
      // All of it at once, without a copy of each piece.
      exchange.respond(status, text, new Uint8Array(await response.arrayBuffer()));
      return;
    }
    const reader = body.getReader() as ReadableStreamDefaultReader<unknown>;
    // What bytes were made of is the runtime's own copy.
    const { bytes, isWhole, next } = await begin(reader, length !== undefined);
    const headers =
      isTyped || !IS_BUN || !bytes?.length ? text : `${text}content-type\n${typeOfBytes(bytes)}\n`;
    if (isWhole) {
      this.#respond(method, exchange, status, headers, bytes ?? new Uint8Array(0));
    } else if (isHead) {
      exchange.respond(status, length === undefined ? headers : withLength(method, headers, length), null);
      void reader.cancel().catch(() => {});
    } else {
      const measured = length === undefined ? headers : `${headers}content-length\n${length}\n`;
      this.#report(exchange.stream(status, measured, reader, next), exchange);
    }
  }

  /** A stream that failed half-way: the client sees that it is cut, the log why. */
  #report(streamed: Promise<void>, exchange: Exchange): void {
    streamed.catch((error) => {
      if (!isAbort(error, exchange)) this.#dispatcher.fault("app.fetch", error);
    });
  }
}

/** The headers of a response, and what it is if they do not say it. */
function allHeaders(response: Response): HeaderLines {
  const lines = headerLines(response.headers);
  const type = lines.isTyped ? undefined : knownType(response);
  return type === undefined ? lines : { text: `${lines.text}content-type\n${type}\n`, isTyped: true };
}

/**
 * The headers of an answer to HEAD, with the length of what GET would get, unless the app says one, which comes behind it and counts. To
 * `head`, which only fetch takes for HEAD, an answer has the body that it has: none.
 */
const withLength = (method: string, headers: string, length: number): string =>
  method === "HEAD" ? `content-length\n${length}\n${headers}` : headers;

const isAbort = (error: unknown, exchange: Exchange): boolean =>
  exchange.isLost && ["AbortError", "QuotaExceededError"].includes((error as Error | undefined)?.name ?? "");

/** A question mark stands before a URL that those who parse URLs might write differently. */
const absoluteUrl = (url: string): string => (url.startsWith("?") ? new URL(url.slice(1)).href : url);

/**
 * What Hono's `getConnInfo` reads, on Node (`@hono/node-server/conninfo`: `incoming.socket`) and on Bun (`hono/bun`:
 * `requestIP`); both are there on both, since neither is in the other's way. Made when it is asked for.
 */
class Env {
  readonly #peer: string;

  constructor(peer: string) {
    this.#peer = peer;
  }

  get incoming() {
    const { address, family, port } = this.requestIP();
    return { socket: { remoteAddress: address, remotePort: port, remoteFamily: family } };
  }

  requestIP() {
    const [address = "", port] = this.#peer.split(" ");
    return { address, port: Number(port), family: address.includes(":") ? "IPv6" : "IPv4" };
  }
}
