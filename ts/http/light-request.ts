import type { HttpCall } from "../native.js";
import { readHeaders } from "./headers-text.js";
import { Stamped } from "./stamped.js";
import { lightOf, putInPlaceOf, reach, type StandIns, serveLight, settled } from "./stand-in.js";

/** What is still to come of a request. */
export interface RequestSource {
  /** Its body: nothing, all of it, or a stream that is made when it is asked for. */
  body(): Uint8Array | ReadableStream<Uint8Array> | null;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}

const NativeRequest = globalThis.Request;

/**
 * Makes an object a request that becomes one of the runtime's if somebody asks for more than its method, its URL and its headers: making
 * those costs more than routing it.
 */
class LightRequest extends Stamped {
  readonly #method: string;
  readonly #url: string;
  readonly #lines: string;
  readonly #source: RequestSource;
  #headers: Headers | undefined;
  #real: Request | undefined;

  constructor(request: object, call: HttpCall, url: string, source: RequestSource) {
    super(request);
    this.#method = call.method;
    this.#url = url;
    this.#lines = call.headers;
    this.#source = source;
    reach(request);
  }

  static is(value: unknown): value is LightRequest {
    return typeof value === "object" && value !== null && #method in value;
  }

  static real(light: LightRequest): Request {
    light.#real ??= realRequest(
      light.#method,
      light.#url,
      light.#headers ?? readHeaders(light.#lines),
      light.#source,
    );
    return light.#real;
  }

  static known(light: LightRequest): Headers | undefined {
    return light.#headers;
  }

  static readonly own = {
    method: (light: LightRequest) => light.#method,
    url: (light: LightRequest) => light.#url,
    headers: (light: LightRequest) => {
      light.#headers ??= light.#real?.headers ?? readHeaders(light.#lines);
      return light.#headers;
    },
    signal: (light: LightRequest) => light.#source.signal,
    bodyUsed: (light: LightRequest) => light.#real?.bodyUsed ?? false,
  };
}

const standIns = {
  is: LightRequest.is,
  real: LightRequest.real,
  headers: LightRequest.known,
  own: LightRequest.own,
  // Bun forgets what a stream is.
  after: {
    blob: async (light: LightRequest, read: Promise<Blob>) => {
      const blob = await read;
      const type = LightRequest.own.headers(light).get("content-type");
      return blob.type === "" && type !== null ? blob.slice(0, blob.size, type) : blob;
    },
  },
} as unknown as StandIns<Request>;

/** A request of the runtime's. */
function realRequest(method: string, url: string, headers: Headers, source: RequestSource): Request {
  const body = method === "GET" || method === "HEAD" ? null : source.body();
  // A stream goes one way while the response goes the other: Node wants to be told that this is known.
  return new NativeRequest(url, {
    ...{ method, headers, body: body as Uint8Array | null, signal: source.signal },
    ...(body instanceof ReadableStream && { duplex: "half" }),
  } as RequestInit);
}

/** A request for the app. `isLight`: its class and `fetch` are replaced, so that all that takes the runtime's takes a light one. */
export function createRequest(call: HttpCall, url: string, source: RequestSource, isLight: boolean): Request {
  if (!isLight) return realRequest(call.method, url, readHeaders(call.headers), source);
  return new LightRequest(
    new (Bare as unknown as new () => object)(),
    call,
    url,
    source,
  ) as unknown as Request;
}

function Bare(): void {}

/** Requests that are made of one that came from a client. */
const derived = new WeakSet<object>();
const isFromClient = (value: unknown): boolean =>
  lightOf(LightRequest.is, value) !== undefined || derived.has(value as object);

/** The request of the runtime's that a value stands for, or the value. */
function realOf(value: unknown): unknown {
  const light = lightOf(LightRequest.is, value);
  return light ? settled(standIns, light) : value;
}

/** What takes the place of the runtime's `Request`: it takes a light one for what that stands for. */
export function replaceRequest(): typeof Request {
  Bare.prototype = serveLight(NativeRequest, standIns);
  const Replaced = function (this: unknown, ...args: unknown[]): unknown {
    const target = new.target as unknown as typeof NativeRequest | undefined;
    if (target === undefined) return Reflect.apply(NativeRequest as never, this, args);
    const given = args.map(realOf) as ConstructorParameters<typeof Request>;
    const made =
      target === (Replaced as unknown)
        ? new NativeRequest(...given)
        : Reflect.construct(NativeRequest, given, target);
    if (args.some(isFromClient)) derived.add(made);
    return made;
  };
  putInPlaceOf(Replaced, NativeRequest);
  return Replaced as unknown as typeof Request;
}

/** Headers of the connection that a request came on: the one that it is sent on has its own, and refuses these. */
const OF_THE_CONNECTION = [
  ...["connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"],
  "upgrade",
];

/** What takes the place of the runtime's `fetch`: it sends on a request that came from a client. All else is the runtime's. */
export function replaceFetch(native: typeof fetch): typeof fetch {
  const replaced = function (this: unknown, input: unknown, ...rest: unknown[]): Promise<Response> {
    if (!isFromClient(input)) return Reflect.apply(native, this, [input, ...rest] as never);
    try {
      const real = realOf(input) as Request;
      // One that was read is refused by the runtime, which has the words for it.
      const request = real.bodyUsed ? real : new NativeRequest(real);
      if (request !== real) for (const name of OF_THE_CONNECTION) request.headers.delete(name);
      return Reflect.apply(native, this, [request, ...rest] as never);
    } catch (error) {
      return Promise.reject(error);
    }
  };
  const { prototype: _, ...properties } = Object.getOwnPropertyDescriptors(native) as PropertyDescriptorMap;
  Object.defineProperties(replaced, properties);
  return replaced as typeof fetch;
}
