import type { HttpCall } from "../native.js";
import type { Answers } from "./answers.js";
import type { HttpPort } from "./bridge.js";
import type { RequestSource } from "./light-request.js";
import { bytesOf, type NextPiece, type Piece } from "./pieces.js";

/** `httpPut`: what to do after a piece. */
const GONE = 0;
const WAIT = 2;

/** A text of so many characters leaves together with others. */
const SHORT = 16 * 1024;

/** How an exchange reaches the engine, and is reached. */
export interface Way {
  readonly port: HttpPort;
  readonly answers: Answers;
  /** Those that want to know what happens to their requests, by number. */
  readonly open: Map<number, Exchange>;
}

/** One request while the app works on it: its body as it comes, its response as it goes, and the client that may be gone. */
export class Exchange implements RequestSource {
  readonly id: number;
  readonly #way: Way;
  /** What of the request's body came with it; the rest, if there is more, is read when it is asked for. */
  readonly #body: Uint8Array | undefined;
  readonly #more: boolean;
  #abort: AbortController | undefined;
  #aborted = false;
  /** The request's body broke off. */
  #lost = false;
  #followed = false;
  /** Nothing of the request can be read any more. */
  #over = false;
  #reading: ((piece: Uint8Array | undefined, more: boolean) => void) | undefined;
  #drained: (() => void) | undefined;
  /** Ends the waiting for the app's stream. */
  #gone: (() => void) | undefined;

  constructor(call: HttpCall, body: Uint8Array | undefined, way: Way) {
    this.id = call.id;
    this.#way = way;
    this.#body = body;
    this.#more = call.pieces ?? false;
  }

  /** From now on it is told what happens to the request. */
  follow(): void {
    if (this.#over || this.#followed) return;
    this.#followed = true;
    this.#way.open.set(this.id, this);
  }

  get signal(): AbortSignal {
    if (!this.#abort) {
      this.follow();
      this.#abort = new AbortController();
      if (this.#aborted) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  /** Whether the app cannot do its work, and is not at fault: the client is gone, or what it sent broke off. */
  get isLost(): boolean {
    return this.#aborted || this.#lost;
  }

  /** The request's body: nothing, all of it, or a stream. */
  body(): Uint8Array | ReadableStream<Uint8Array> | null {
    return this.#more ? this.#stream() : (this.#body ?? null);
  }

  /** The request's body, read from the engine as it is read here. */
  #stream(): ReadableStream<Uint8Array> {
    this.follow();
    return new ReadableStream<Uint8Array>(
      {
        pull: (controller) =>
          new Promise<void>((resolve) => {
            if (this.#over) {
              controller.error(clientGone());
              resolve();
              return;
            }
            this.#reading = (piece, more) => {
              this.#reading = undefined;
              if (piece === undefined) {
                this.#lost = true;
                controller.error(more ? tooLarge() : clientGone());
              }
              if (piece !== undefined && piece.length > 0) controller.enqueue(piece);
              if (piece !== undefined && !more) controller.close();
              resolve();
            };
            this.#way.port.httpRead(this.id);
          }),
        cancel: () => {
          // A piece may be on its way, which nobody takes any more.
          this.#reading = undefined;
          this.#way.port.httpDiscard(this.id);
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Answers with all there is. */
  respond(status: number, headers: string, body: string | Uint8Array | null): void {
    if (typeof body !== "string") this.#way.port.httpRespond(this.id, status, headers, body && bytesOf(body));
    else if (body.length <= SHORT) this.#way.answers.add(this.id, status, headers, body);
    // As a text: bytes of it would be garbage that the runtime collects late.
    else this.#way.port.httpRespondText(this.id, status, headers, body);
    this.#end();
  }

  /** Answers with a body that comes in pieces. Never rejects, but with what the app's stream fails with, or what it gave that is no piece. */
  async stream(
    status: number,
    headers: string,
    reader: ReadableStreamDefaultReader<unknown>,
    next: NextPiece,
  ): Promise<void> {
    let complete = false;
    this.follow();
    try {
      if (!this.#way.port.httpBegin(this.id, status, headers)) return;
      while (!this.#aborted) {
        const piece = await this.#untilAborted(next());
        if (piece.done) {
          complete = true;
          break;
        }
        const taken = this.#way.port.httpPut(this.id, bytesOf(piece.value));
        if (taken === GONE) break;
        if (taken === WAIT) await this.#untilDrained();
      }
    } finally {
      this.#way.port.httpFinish(this.id, complete);
      // Nobody reads on: the app's stream may let go of what it holds.
      if (!complete) void reader.cancel(clientGone()).catch(() => {});
      this.#end();
    }
  }

  /** A piece of the request's body came. */
  piece(bytes: Uint8Array | undefined, more: boolean): void {
    this.#reading?.(bytes, more);
  }

  /** The client took some. */
  drained(): void {
    this.#drained?.();
    this.#drained = undefined;
  }

  /** The client is gone. */
  aborted(): void {
    this.#aborted = true;
    this.#abort?.abort();
    this.drained();
    this.#gone?.();
    this.#end();
  }

  #end(): void {
    this.#over = true;
    this.#reading?.(undefined, false);
    if (this.#followed) this.#way.open.delete(this.id);
  }

  /** What a stream gives, or its end where the client is gone first: a stream that says nothing must not keep the exchange. */
  #untilAborted(read: Promise<Piece>): Promise<Piece> {
    return new Promise((resolve, reject) => {
      this.#gone = () => resolve({ value: new Uint8Array(0), done: false });
      read.then(resolve, reject);
    });
  }

  #untilDrained(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve;
      if (this.#aborted) resolve();
    });
  }
}

const clientGone = (): Error => new DOMException("The client is gone", "AbortError");

const tooLarge = (): Error =>
  new DOMException("The request's body is larger than limits.httpBody", "QuotaExceededError");
