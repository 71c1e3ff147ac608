/** Values as they cross to the engine and the wire: JSON, with binary beside it under Socket.IO's placeholders. */
import { takePromises } from "./promises.js";

/** A value that JSON cannot carry; the message says why. A TypeError, as `JSON.stringify` throws one. */
export class PayloadError extends TypeError {}

// Deeper than the engine takes by default; beyond it the exact way decides, which also finds cycles.
const QUICK_LOOK_DEPTH = 64;

/**
 * `value` as JSON text, its binary values (`Buffer`, typed arrays, `DataView`, `ArrayBuffer`) put into `attachments`. `toJSON` is
 * honoured first, as Socket.IO does. Undefined where JSON has nothing to say: undefined, a function, a symbol.
 *
 * What a `toJSON` gives is in nobody's hands but the encoder's: what promises in it reject with goes nowhere.
 *
 * @param promises Whether such promises are written as `{}`, as any promise is, or refused.
 * @throws {@link PayloadError}
 */
export function pack(
  value: unknown,
  attachments: Buffer[],
  promises: "written" | "refused" = "written",
): string | undefined {
  let found = false;
  let text: string | undefined;
  try {
    text = mayHoldBinary(value, 0)
      ? JSON.stringify(value, function (this: Record<string, unknown>, key, seen) {
          // Buffer has a toJSON of its own, which has already run by now: the holder still has the Buffer itself.
          const binary = toBuffer(this[key]) ?? toBuffer(seen);
          if (binary === undefined) {
            if (seen !== this[key] && takePromises(seen, "whole")) found = true;
            return seen;
          }
          attachments.push(binary);
          return { _placeholder: true, num: attachments.length - 1 };
        })
      : JSON.stringify(value);
  } catch (error) {
    throw new PayloadError(whyNot(error), { cause: error });
  }
  if (found && promises === "refused") throw new PayloadError("its toJSON gave a promise; await it first");
  return text;
}

/** A look that costs less than a replacer function; may say yes too often. */
function mayHoldBinary(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (depth > QUICK_LOOK_DEPTH || isBinary(value)) return true;
  if (Array.isArray(value)) return value.some((item) => mayHoldBinary(item, depth + 1));
  if (value instanceof Date) return false;
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return true;
  return Object.values(value).some((item) => mayHoldBinary(item, depth + 1));
}

/** Whether a value is sent as a JSON object, as `meta` has to be. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !isBinary(value) &&
  !(value instanceof Date);

const isBinary = (value: object): value is ArrayBuffer | ArrayBufferView =>
  ArrayBuffer.isView(value) || value instanceof ArrayBuffer;

function toBuffer(value: unknown): Buffer | undefined {
  if (typeof value !== "object" || value === null || !isBinary(value)) return undefined;
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function whyNot(error: unknown): string {
  const text = error instanceof Error ? error.message : "";
  if (/circular|cyclic/i.test(text)) return "it contains a cycle";
  if (error instanceof RangeError) return "it is nested too deeply";
  return /bigint/i.test(text) ? "it contains a BigInt" : "its toJSON or a getter threw";
}

/**
 * Puts the attachments where their placeholders stand, in the value itself. Only for JSON from the engine, which has checked the
 * placeholders where there are attachments.
 */
export function revive<T>(value: T, attachments: readonly Buffer[]): T {
  if (attachments.length === 0 || typeof value !== "object" || value === null) return value;
  const { _placeholder, num } = value as { _placeholder?: unknown; num?: unknown };
  if (_placeholder === true && typeof num === "number") return attachments[num] as T;
  const holder = value as Record<string, unknown>;
  // JSON.parse made every key an own property, `__proto__` too, so that this assigns to it and reaches no prototype.
  for (const key of Object.keys(holder)) holder[key] = revive(holder[key], attachments);
  return value;
}
