import type { HttpCall } from "../native.js";
import { standIn } from "./stand-in.js";

/** What is still to come of a request. */
export interface RequestSource {
  /** Its body: nothing, all of it, or a stream that is made when it is asked for. */
  body(): Uint8Array | ReadableStream<Uint8Array> | null;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}

const NativeRequest = globalThis.Request;

/** Properties and methods that need a request of the runtime's. */
const OF_THE_RUNTIME = [
  "body",
  "bodyUsed",
  "cache",
  "credentials",
  "destination",
  "duplex",
  "integrity",
  "keepalive",
  "mode",
  "redirect",
  "referrer",
  "referrerPolicy",
  "arrayBuffer",
  "blob",
  "bytes",
  "clone",
  "formData",
  "json",
  "text",
];

/**
 * A `Request` that becomes one of the runtime's when somebody asks for more than its method, its URL and its headers: making those costs more
 * than routing it.
 */
export class LightRequest {
  readonly method: string;
  readonly url: string;
  readonly #lines: string;
  readonly #source: RequestSource;
  #headers: Headers | undefined;
  #real: Request | undefined;

  constructor(call: HttpCall, url: string, source: RequestSource) {
    this.method = call.method;
    this.url = url;
    this.#lines = call.headers;
    this.#source = source;
  }

  get headers(): Headers {
    this.#headers ??= readHeaders(this.#lines);
    return this.#headers;
  }

  get signal(): AbortSignal {
    return this.#source.signal;
  }

  /** The request of the runtime's that it stands for. */
  static real(request: LightRequest): Request {
    request.#real ??= makeRequest(request.method, request.url, request.headers, request.#source);
    return request.#real;
  }
}

/** A request of the runtime's. */
export function makeRequest(method: string, url: string, headers: Headers, source: RequestSource): Request {
  const body = method === "GET" || method === "HEAD" ? null : source.body();
  // A stream goes one way while the response goes the other: Node wants to be told that this is known.
  return new NativeRequest(url, {
    ...{ method, headers, body: body as Uint8Array | null, signal: source.signal },
    ...(body instanceof ReadableStream && { duplex: "half" }),
  } as RequestInit);
}

/** Name, value, name, value …, a line each, as `Headers`. */
export function readHeaders(lines: string): Headers {
  const headers = new Headers();
  const flat = lines.split("\n");
  for (let index = 0; index + 1 < flat.length; index += 2) {
    headers.append(flat[index] as string, flat[index + 1] as string);
  }
  return headers;
}

standIn(LightRequest, NativeRequest, OF_THE_RUNTIME, LightRequest.real);
