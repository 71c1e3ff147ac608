import { isInPlaceOf } from "./stand-in.js";

const NativeResponse = globalThis.Response;
type Body = ConstructorParameters<typeof Response>[0];

/**
 * A `Response` of the runtime's own that knows what it was made of. On Bun, reading a text back costs four times what making the response
 * does, and the header that says what a body is without being told is added by `Bun.serve`, not by the response. To `instanceof` every
 * response of the runtime's is one.
 */
export class KnownResponse extends NativeResponse {
  readonly #text: string | undefined;
  /** What `Bun.serve` says of such a body where the response says nothing. */
  readonly #type: string | undefined;

  constructor(body?: Body, init?: ResponseInit) {
    super(body, init);
    this.#text = typeof body === "string" ? body : undefined;
    // A response that is made like another, as Hono answers HEAD, is of the same kind.
    this.#type = typeOf(body) ?? (init && #type in init ? init.#type : undefined);
  }

  static override json(data: unknown, init?: ResponseInit): Response {
    const { headers } = NativeResponse.json(null, init);
    return new KnownResponse(JSON.stringify(data), { ...init, headers });
  }

  static {
    // Not a method: to those who typed Response, this is a property.
    const { clone } = NativeResponse.prototype;
    const value = function (this: KnownResponse): Response {
      const isHere = this.#text !== undefined && !this.bodyUsed;
      return isHere ? new KnownResponse(this.#text, this) : clone.call(this);
    };
    Object.defineProperty(KnownResponse.prototype, "clone", { value, writable: true, configurable: true });
  }

  /** The text that is its body, unless it was read. */
  static text(response: Response): string | undefined {
    return #text in response && !response.bodyUsed ? response.#text : undefined;
  }

  /** What its body is, where its headers do not say it. */
  static type(response: Response): string | undefined {
    return #type in response && !response.headers.has("content-type") ? response.#type : undefined;
  }
}

function typeOf(body: Body | undefined): string | undefined {
  if (typeof body === "string") return body === "" ? undefined : TEXT;
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return "application/octet-stream";
  return body instanceof Blob ? TEXT : undefined;
}

const TEXT = "text/plain;charset=utf-8";

isInPlaceOf(KnownResponse, NativeResponse);
