import { replaceKnownResponse } from "./known-response.js";
import { replaceFetch, replaceRequest } from "./light-request.js";
import { replaceResponse } from "./light-response.js";

const IS_BUN = process.versions["bun"] !== undefined;
let replaced = false;

/**
 * Puts a `Response` that is quicker to send in the place of the runtime's, and a `Request` and a `fetch` that know light requests. Once. On
 * Bun, whose own functions take only what is Bun's, responses are Bun's own.
 */
export function replaceGlobalObjects(): void {
  if (replaced) return;
  replaced = true;
  replace("Response", IS_BUN ? replaceKnownResponse() : replaceResponse());
  replace("Request", replaceRequest());
  replace("fetch", replaceFetch(globalThis.fetch));
}

function replace(name: "Response" | "Request" | "fetch", value: unknown): void {
  const enumerable = Object.getOwnPropertyDescriptor(globalThis, name)?.enumerable ?? false;
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable });
}
