import { isUtf8 } from "node:buffer";
import { types } from "node:util";

/** What a stream gives, whatever it is that the app put into it. */
export type Piece = { done: false; value: unknown } | { done: true; value?: unknown };

/** Reads the next piece of a stream, when the one before was sent. */
export type NextPiece = () => Promise<Piece>;

/**
 * A piece of a response's body as bytes, without a copy of them. Streams of texts are not fetch's, but both peers send them.
 *
 * @throws TypeError Neither a text nor bytes: the app's mistake.
 */
export function bytesOf(piece: unknown): Buffer {
  if (typeof piece === "string") return Buffer.from(piece);
  if (Buffer.isBuffer(piece)) return piece;
  if (ArrayBuffer.isView(piece)) return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
  if (types.isAnyArrayBuffer(piece)) return Buffer.from(piece);
  const kind = piece === null ? "null" : typeof piece;
  throw new TypeError(`a response's body must be made of strings and bytes; its stream gave ${kind}`);
}

/** So many bytes of a body show whether it is a text. */
const SHOWN = 16 * 1024;
/** A character of UTF-8 that is cut off has at most so many bytes. */
const CUT = 3;

/** What a body is by what it begins with, where nobody said it: browsers would guess, and find a page in a text. */
export function typeOfBytes(bytes: Buffer): string {
  const shown = bytes.subarray(0, SHOWN);
  let isText = !shown.includes(0);
  if (isText && !isUtf8(shown)) {
    isText = [1, 2, CUT].some((cut) => shown.length > cut && isUtf8(shown.subarray(0, -cut)));
  }
  return isText ? "text/plain;charset=utf-8" : "application/octet-stream";
}

/** How a stream begins. */
interface Beginning {
  /** Its first piece, if that was there at once. */
  readonly bytes: Buffer | null;
  /** It has ended: the piece is all of it. */
  readonly isWhole: boolean;
  readonly next: NextPiece;
}

/**
 * Reads what of a stream is there at once. What a text or bytes were made of comes whole, and its end with it; all else may take its time.
 *
 * @param isOwn Nobody writes into the pieces any more. Else the first is copied: an app may fill its buffer again when it is asked for more.
 * @throws TypeError The first piece is none. The stream is cancelled.
 */
export async function begin(
  reader: ReadableStreamDefaultReader<unknown>,
  isOwn: boolean,
): Promise<Beginning> {
  const read = () => reader.read() as Promise<Piece>;
  const waiting = [read()];
  const next = () => waiting.shift() ?? read();
  const first = await atOnce(waiting[0] as Promise<Piece>);
  if (!first || first.done) return { bytes: null, isWhole: first !== undefined, next };
  let bytes: Buffer;
  try {
    bytes = bytesOf(first.value);
  } catch (error) {
    void reader.cancel(error).catch(() => {});
    throw error;
  }
  if (!isOwn && typeof first.value !== "string") bytes = Buffer.from(bytes);
  const second = read();
  waiting.splice(0, 1, Promise.resolve({ done: false, value: bytes }), second);
  return { bytes, isWhole: (await atOnce(second))?.done ?? false, next };
}

/** What a promise gives within a few turns of the microtask queue, in which a stream that is at its end says so. */
const atOnce = <T>(promise: Promise<T>): Promise<T | undefined> => Promise.race([promise, someTurns()]);

async function someTurns(): Promise<undefined> {
  for (let turn = 0; turn < 8; turn++) await undefined;
  return undefined;
}
