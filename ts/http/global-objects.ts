import { KnownResponse } from "./known-response.js";
import { LightRequest } from "./light-request.js";
import { LightResponse } from "./light-response.js";
import { isInPlaceOf } from "./stand-in.js";

const NativeRequest = globalThis.Request;

/** As the runtime's, but it takes a light one for what it stands for. */
class RequestOfLight extends NativeRequest {
  constructor(input: string | URL | Request | LightRequest, init?: RequestInit) {
    super(input instanceof LightRequest ? LightRequest.real(input) : (input as Request), init);
  }
}

isInPlaceOf(RequestOfLight, NativeRequest);

const IS_BUN = process.versions["bun"] !== undefined;
let replaced = false;

/**
 * Puts a `Response` that is quicker to send, and a `Request` that knows the light one, in the place of the runtime's. Once. On Bun, whose own
 * functions take only what is Bun's, the response is one of those.
 */
export function replaceGlobalObjects(): void {
  if (replaced) return;
  replaced = true;
  const define = (name: string, value: unknown) =>
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  define("Response", IS_BUN ? KnownResponse : LightResponse);
  define("Request", RequestOfLight);
}
