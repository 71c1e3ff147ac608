import type { FetchApp } from "../../index.js";
import type { Dispatcher } from "../dispatcher.js";
import type { HttpCall, HttpFollowUp, NativeDialogue } from "../native.js";
import { isThenable } from "../thenable.js";
import { Answers } from "./answers.js";
import { Exchange, type Piece, type Way } from "./exchange.js";
import { headerLines } from "./headers-text.js";
import { knownText, knownType } from "./known-response.js";
import { createRequest } from "./light-request.js";
import { lightParts } from "./light-response.js";

/** What the bridge asks of an engine. */
export type HttpPort = Pick<NativeDialogue, Extract<keyof NativeDialogue, `http${string}`>>;

/** Statuses whose responses have no body. */
const EMPTY = [204, 205, 304];
const PLAIN_TEXT = "content-type\ntext/plain; charset=utf-8\n";

/** What a server speaks. */
export type Scheme = "http" | "https";

/** Hands HTTP requests to the app and its responses back. */
export class HttpBridge {
  #app: FetchApp;
  readonly #isLight: boolean;
  readonly #way: Way;
  readonly #dispatcher: Dispatcher;

  /** @param isLight Requests are light: the global objects were replaced. Else they are the runtime's own. */
  constructor(app: FetchApp, isLight: boolean, port: HttpPort, dispatcher: Dispatcher) {
    this.#app = app;
    this.#isLight = isLight;
    this.#way = { port, answers: new Answers((texts) => port.httpRespondAll(texts)), open: new Map() };
    this.#dispatcher = dispatcher;
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
      request = createRequest(call, absoluteUrl(call.url), exchange, this.#isLight);
    } catch {
      // What fetch's Request does not take: a URL that is none, a method such as TRACE.
      exchange.respond(400, PLAIN_TEXT, "Bad Request");
      return;
    }
    try {
      const answered = this.#app.fetch(request, new Env(call.peer));
      if (isThenable(answered)) {
        exchange.follow();
        const sent = Promise.resolve(answered).then((response) => this.#send(call, exchange, response));
        sent.catch((error) => this.#fail(exchange, error));
      } else {
        this.#send(call, exchange, answered)?.catch((error) => this.#fail(exchange, error));
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
      exchange.respond(parts.status, parts.headersText, method === "HEAD" ? null : parts.body);
      return undefined;
    }
    if (typeof response?.status !== "number" || typeof response.headers?.getSetCookie !== "function") {
      throw new TypeError("app.fetch must return a Response");
    }
    const known = knownText(response);
    if (known !== undefined) {
      exchange.respond(response.status, allHeaders(response), method === "HEAD" ? null : known);
      return undefined;
    }
    return this.#sendStream(method, exchange, response);
  }

  async #sendStream(method: string, exchange: Exchange, response: Response): Promise<void> {
    const { status, body } = response;
    const text = allHeaders(response);
    if (body === null || method === "HEAD" || EMPTY.includes(status)) {
      exchange.respond(status, text, null);
      void body?.cancel().catch(() => {});
      return;
    }
    const reader = body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    // What a text or bytes were made of comes whole, and its end with it. All else is begun at once: its first piece may take its time.
    const ahead = [reader.read()];
    const first = await Promise.race([ahead[0], someTurns()]);
    if (first && !first.done) ahead.push(reader.read());
    const second = first?.done ? first : await Promise.race([ahead[1], someTurns()]);
    if (second?.done) exchange.respond(status, text, first?.value ?? null);
    else this.#report(exchange.stream(status, text, reader, ahead as Promise<Piece>[]), exchange);
  }

  /** A stream that failed half-way: the client sees that it is cut, the log why. */
  #report(streamed: Promise<void>, exchange: Exchange): void {
    streamed.catch((error) => {
      if (!isAbort(error, exchange)) this.#dispatcher.fault("app.fetch", error);
    });
  }
}

function allHeaders(response: Response): string {
  const { text, isTyped } = headerLines(response.headers);
  const type = isTyped ? undefined : knownType(response);
  return type === undefined ? text : `${text}content-type\n${type}\n`;
}

/** A few turns of the microtask queue, in which a stream that is at its end says so. */
async function someTurns(): Promise<undefined> {
  for (let turn = 0; turn < 8; turn++) await undefined;
  return undefined;
}

const isAbort = (error: unknown, exchange: Exchange): boolean =>
  exchange.isLost && ["AbortError", "QuotaExceededError"].includes((error as Error | undefined)?.name ?? "");

/** What fetch's Request does not take. */
const isForApps = (method: string): boolean =>
  method !== "CONNECT" && method !== "TRACE" && method !== "TRACK";

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
