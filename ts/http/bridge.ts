import type { FetchApp } from "../../index.js";
import type { Dispatcher } from "../dispatcher.js";
import type { HttpCall, NativeDialogue } from "../native.js";

/** Methods whose requests have no body. */
const WITHOUT_BODY = ["GET", "HEAD"];
/** Statuses whose responses have none. */
const EMPTY = [204, 205, 304];
/** Headers of one connection, not of a message; and the length, which the engine knows better. */
const OF_THE_CONNECTION = ["connection", "keep-alive", "transfer-encoding", "upgrade", "content-length"];

interface Answered {
  readonly status: number;
  readonly headers: string[];
  readonly body: Buffer | null;
}

const plain = (status: number, text: string): Answered => ({
  status,
  headers: ["content-type", "text/plain; charset=utf-8"],
  body: Buffer.from(text),
});

/** Hands HTTP requests to the app and its responses back, bodies whole. */
export class HttpBridge {
  readonly #app: FetchApp;
  readonly #engine: NativeDialogue;
  readonly #dispatcher: Dispatcher;

  constructor(app: FetchApp, engine: NativeDialogue, dispatcher: Dispatcher) {
    this.#app = app;
    this.#engine = engine;
    this.#dispatcher = dispatcher;
  }

  /** Answers a request; never rejects. */
  async handle(call: HttpCall, body: Buffer | undefined): Promise<void> {
    const { status, headers, body: answer } = await this.#answer(call, body);
    const sent = call.method === "HEAD" || EMPTY.includes(status) ? null : answer;
    this.#engine.httpRespond(call.id, status, headers, sent);
  }

  async #answer(call: HttpCall, body: Buffer | undefined): Promise<Answered> {
    let request: Request;
    try {
      request = createRequest(call, body);
    } catch {
      // What fetch's Request does not take: a URL that is none, a method such as TRACE.
      return plain(400, "Bad Request");
    }
    const answer = await this.#dispatcher.result("app.fetch", async () => {
      const response = await this.#app.fetch(request, createEnv(call));
      return readResponse(response, call.method);
    });
    return typeof answer === "object" ? answer.value : plain(500, "Internal Server Error");
  }
}

function createRequest({ method, url, headers: flat }: HttpCall, body: Buffer | undefined): Request {
  const headers = new Headers();
  for (let index = 0; index + 1 < flat.length; index += 2) {
    headers.append(flat[index] as string, flat[index + 1] as string);
  }
  const host = headers.get("host") || "localhost";
  const absolute = /^https?:\/\//i.test(url) ? url : `http://${host}${url.startsWith("/") ? "" : "/"}${url}`;
  const content = body === undefined || WITHOUT_BODY.includes(method) ? null : body;
  return new Request(absolute, { method, headers, body: content });
}

/**
 * What Hono's `getConnInfo` reads, on Node (`@hono/node-server/conninfo`: `incoming.socket`) and on Bun (`hono/bun`:
 * `requestIP`); both are there on both, since neither is in the other's way.
 */
function createEnv({ remote: { address, port } }: HttpCall): object {
  const family = address.includes(":") ? "IPv6" : "IPv4";
  return {
    incoming: { socket: { remoteAddress: address, remotePort: port, remoteFamily: family } },
    requestIP: () => ({ address, port, family }),
  };
}

async function readResponse(response: Response, method: string): Promise<Answered> {
  const headers: string[] = [];
  for (const [name, value] of response.headers) {
    const skipped = name === "set-cookie" || (OF_THE_CONNECTION.includes(name) && method !== "HEAD");
    if (!skipped) headers.push(name, value);
  }
  // Each cookie is a header of its own: joined by commas they could not be told apart.
  for (const cookie of response.headers.getSetCookie()) headers.push("set-cookie", cookie);
  return { status: response.status, headers, body: Buffer.from(await response.arrayBuffer()) };
}
