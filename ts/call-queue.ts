import { nextTick } from "node:process";
import { setImmediate } from "node:timers";
import type { Batch, Call } from "./native.js";

/** Calls taken at once: enough that one parse serves many, few enough that nothing waits long. */
const BATCH = 256;
/** How long the loop goes on before the runtime's own I/O has its turn. */
const TURN_MS = 10;
/** A drain inside a drain inside … ends here; what is left is done by the outer ones, in order. */
const MAX_DEPTH = 100;
/** A synchronous drain that never catches up with the engine ends here, and the rest comes in the next turns. */
const MAX_SYNCHRONOUS = 20_000;
const NONE: Buffer[] = [];
/** Clients that come and go. What a program awaits when it is told of one goes on before it is told of the next, as if each came by itself. */
const BREATHING: ReadonlySet<Call["k"]> = new Set([
  "connected",
  "disconnected",
  "decideConnect",
  "decideNamespace",
  "ioConnected",
  "ioDisconnected",
]);
/** What a socket of the program's says. Socket.IO reads one connection at a time, and lets promises go on before it reads the next. */
const SPOKEN: ReadonlySet<Call["k"]> = new Set(["ioEvent", "ioAnswered"]);

/**
 * The engine's calls, in order. One list and one cursor: a drain that a handler causes goes on where the outer one is, so that
 * order holds however deep they nest. What is being handled further out is brought to its end first.
 */
export class CallQueue {
  readonly #take: (max: number) => Batch | null;
  readonly #handle: (call: Call, attachments: Buffer[]) => void;
  readonly #settle: () => void;
  readonly #finish: () => void;
  readonly #isCrowded: () => boolean;
  #calls: Call[] = [];
  #attachments: Buffer[] = [];
  #cursor = 0;
  #usedAttachments = 0;
  #depth = 0;
  #scheduled = false;
  /** What promises wait for is to go on before the next call. */
  #breathes = false;
  #finished = 0;

  /**
   * @param settle Hands the engine the verdicts on events that were decided together.
   * @param finish Tells what is still to be told of the calls that are being handled.
   * @param isCrowded Whether what was begun should go on before the next request for the app is.
   */
  constructor(
    take: (max: number) => Batch | null,
    handle: (call: Call, attachments: Buffer[]) => void,
    settle: () => void,
    finish: () => void = () => {},
    isCrowded: () => boolean = () => false,
  ) {
    this.#take = take;
    this.#handle = handle;
    this.#settle = settle;
    this.#finish = finish;
    this.#isCrowded = isCrowded;
  }

  /** Whether a call is being handled right now. */
  get isInside(): boolean {
    return this.#depth > 0;
  }

  /** The engine has something: turn by turn until there is nothing. */
  readonly wake = (): void => {
    // Woken inside a call (by a nested event loop, as debuggers have): the outer loop goes on anyway.
    if (!this.isInside) this.#run(performance.now() + TURN_MS);
  };

  #run(deadline: number): void {
    let ended = false;
    this.#breathes = false;
    try {
      // Asking for the time costs as much as a small call.
      for (let done = 1; !ended && !this.#breathes; done++) {
        ended = !this.#next();
        this.#breathes ||= this.#isNextAnothers();
        if (done % 16 === 0 && performance.now() >= deadline) break;
      }
      if (!ended) this.#settle();
    } finally {
      // The engine wakes again only when it was asked for more in vain.
      if (!ended) this.#goOn(deadline);
    }
  }

  /** Whether a socket has spoken, and what comes next is not the same one's. */
  #isNextAnothers(): boolean {
    const last = this.#calls[this.#cursor - 1];
    if (last === undefined || !SPOKEN.has(last.k)) return false;
    const next = this.#calls[this.#cursor];
    return (
      next === undefined ||
      !SPOKEN.has(next.k) ||
      (next as { id?: string }).id !== (last as { id?: string }).id
    );
  }

  #goOn(deadline: number): void {
    if (!this.#breathes || this.#scheduled || performance.now() >= deadline) {
      this.#schedule();
      return;
    }
    this.#scheduled = true;
    const goOn = () => {
      this.#scheduled = false;
      if (!this.isInside) this.#run(deadline);
    };
    // Behind all promises that are settled by now, and those that these settle.
    queueMicrotask(() => nextTick(goOn));
  }

  /** Everything, now; nothing when called from inside a call, which the caller's own loop follows. */
  drain(): void {
    if (this.isInside) return;
    for (let done = 0; done < MAX_SYNCHRONOUS; done++) if (!this.#next()) return;
    this.#settle();
    this.#schedule();
  }

  /** Everything up to and including the event with this number, also from inside a call. */
  drainUntil(local: number): void {
    if (this.#depth >= MAX_DEPTH) return;
    if (this.isInside) this.#finishOuter();
    while (this.#finished < local && this.#next());
    this.#settle();
    if (!this.isInside) this.#schedule();
  }

  /** What is handled next came after what is being handled. */
  #finishOuter(): void {
    this.#depth++;
    try {
      this.#finish();
    } finally {
      this.#depth--;
    }
  }

  /** Handles one call; false when there was none. */
  #next(): boolean {
    if (this.#cursor === this.#calls.length && !this.#refill()) return false;
    const call = this.#calls[this.#cursor++] as Call;
    this.#breathes ||= BREATHING.has(call.k);
    // What was decided happens before anything else does.
    if (call.k !== "decide") this.#settle();
    const first = this.#usedAttachments;
    this.#usedAttachments += call.bins ?? 0;
    const attachments = call.bins ? this.#attachments.slice(first, this.#usedAttachments) : NONE;
    this.#depth++;
    try {
      this.#handle(call, attachments);
    } finally {
      this.#depth--;
      this.#breathes ||= call.k === "http" && this.#isCrowded();
      if (call.k === "event" && call.local > this.#finished) this.#finished = call.local;
    }
    return true;
  }

  /** Asks until there is something, or the engine says that there is nothing: only then does it wake again. */
  #refill(): boolean {
    this.#settle();
    this.#calls = [];
    this.#cursor = 0;
    this.#usedAttachments = 0;
    for (;;) {
      const batch = this.#take(BATCH);
      if (batch === null) return false;
      this.#calls = JSON.parse(batch.json);
      this.#attachments = batch.attachments;
      if (this.#calls.length > 0) return true;
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.wake();
    });
  }
}
