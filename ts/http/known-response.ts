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
  /** How many bytes it was made of. */
  readonly #length: number | undefined;

  constructor(response: Response, text?: string, type?: string, length?: number) {
    super(response);
    this.#text = text;
    this.#type = type;
    this.#length = length;
  }

  /** A copy of a response knows what that knows. */
  static copied(copy: Response, from: unknown): Response {
    if (!KnownResponse.is(from)) return copy;
    return new KnownResponse(copy, from.#text, from.#type, from.#length) as unknown as Response;
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

  static lengthOf(response: unknown): number | undefined {
    return KnownResponse.is(response) ? response.#length : undefined;
  }
}

/** The text that is a response's body, unless it was read. */
export function knownText(response: Response): string | undefined {
  const text = KnownResponse.textOf(response);
  return text !== undefined && !response.bodyUsed ? text : undefined;
}

/** What a response's body is, if its headers do not say it. */
export const knownType = KnownResponse.typeOf;

/** How many bytes a response's body has, if it was made of bytes: the runtime copied them. */
export const knownLength = KnownResponse.lengthOf;

function typeOfBody(body: unknown): string | undefined {
  if (body === undefined || body === null || body === "") return undefined;
  // What is no body is made a text.
  if (typeof body !== "object") return TEXT;
  if (lengthOfBody(body) !== undefined) return "application/octet-stream";
  return body instanceof Blob ? TEXT : undefined;
}

const lengthOfBody = (body: unknown): number | undefined =>
  body instanceof ArrayBuffer || ArrayBuffer.isView(body) ? body.byteLength : undefined;

const TEXT = "text/plain;charset=utf-8";
const JSON_ALONE = { headers: { "content-type": "application/json;charset=utf-8" } };

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
    return new KnownResponse(made, typeof body === "string" ? body : undefined, type, lengthOfBody(body));
  };
  const own = {
    json(...args: Parameters<typeof Response.json>): Response {
      const [data, init] = args;
      // Once: a `toJSON` may count its calls.
      const text = JSON.stringify(data);
      // What is no JSON is the runtime's to judge, and so is what the answer says beside it.
      if (text === undefined) return NativeResponse.json(...args);
      const head = init === undefined ? JSON_ALONE : NativeResponse.json(null, init);
      return new KnownResponse(new NativeResponse(text, head), text) as unknown as Response;
    },
  };
  const { clone } = NativeResponse.prototype;
  const patched = {
    clone(this: Response): Response {
      const copy = Reflect.apply(clone, this, []) as Response;
      return KnownResponse.copied(copy, this);
    },
  };
  // Not a property of its own: Bun's can be written, not defined anew.
  (NativeResponse.prototype as { clone: () => Response }).clone = patched.clone;
  putInPlaceOf(Replaced, NativeResponse, own);
  return Replaced as unknown as typeof Response;
}
