import { Stamped } from "./stamped.js";
import { putInPlaceOf } from "./stand-in.js";

const NativeResponse = globalThis.Response;

/**
 * Puts on a `Response` of the runtime's own what it was made of. On Bun, reading a text back costs four times what making the response
 * does, and the header that says what a body is without being told is added by `Bun.serve`, not by the response.
 */
class KnownResponse extends Stamped {
  readonly #text: string | undefined;
  /** What `Bun.serve` says of such a body where the response says nothing. */
  readonly #type: string | undefined;

  constructor(response: Response, text: string | undefined, type: string | undefined) {
    super(response);
    this.#text = text;
    this.#type = type;
  }

  static is(value: unknown): value is KnownResponse {
    return typeof value === "object" && value !== null && #text in value;
  }

  static textOf(response: unknown): string | undefined {
    return KnownResponse.is(response) ? response.#text : undefined;
  }

  static typeOf(response: unknown): string | undefined {
    return KnownResponse.is(response) ? response.#type : undefined;
  }
}

/** The text that is a response's body, unless it was read. */
export function knownText(response: Response): string | undefined {
  const text = KnownResponse.textOf(response);
  return text !== undefined && !response.bodyUsed ? text : undefined;
}

/** What a response's body is, if its headers do not say it. */
export const knownType = KnownResponse.typeOf;

function typeOfBody(body: unknown): string | undefined {
  if (body === undefined || body === null || body === "") return undefined;
  // What is no body is made a text.
  if (typeof body !== "object") return TEXT;
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return "application/octet-stream";
  return body instanceof Blob ? TEXT : undefined;
}

const TEXT = "text/plain;charset=utf-8";

/** What takes the place of Bun's `Response`: it makes Bun's own, which knows what it was made of. */
export function replaceKnownResponse(): typeof Response {
  const Replaced = function (this: unknown, ...args: unknown[]): unknown {
    const target = new.target as unknown as typeof NativeResponse | undefined;
    if (target === undefined) return Reflect.apply(NativeResponse as never, this, args);
    const [body, init] = args as ConstructorParameters<typeof Response>;
    const made =
      target === (Replaced as unknown)
        ? new NativeResponse(body, init)
        : (Reflect.construct(NativeResponse, args, target) as Response);
    // A response that is made like another, as Hono answers HEAD, is of the same kind.
    const type = typeOfBody(body) ?? KnownResponse.typeOf(init);
    return new KnownResponse(made, typeof body === "string" ? body : undefined, type);
  };
  const own = {
    json(data: unknown, init?: ResponseInit): Response {
      const made = NativeResponse.json(data, init);
      return new KnownResponse(made, JSON.stringify(data), undefined) as unknown as Response;
    },
  };
  const { clone } = NativeResponse.prototype;
  const patched = {
    clone(this: Response): Response {
      const copy = Reflect.apply(clone, this, []) as Response;
      if (!KnownResponse.is(this)) return copy;
      const known = new KnownResponse(copy, KnownResponse.textOf(this), KnownResponse.typeOf(this));
      return known as unknown as Response;
    },
  };
  // Not a property of its own: Bun's can be written, not defined anew.
  (NativeResponse.prototype as { clone: () => Response }).clone = patched.clone;
  putInPlaceOf(Replaced, NativeResponse, own);
  return Replaced as unknown as typeof Response;
}
