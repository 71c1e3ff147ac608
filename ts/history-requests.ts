import type { EventMessage } from "../index.js";
import type { CallQueue } from "./call-queue.js";
import { DialogueError } from "./errors.js";
import { isWellFormed } from "./fields.js";
import type { NativeDialogue, RoomKey } from "./native.js";

interface Request {
  resolve(messages: EventMessage[]): void;
  reject(error: DialogueError): void;
}

/** The engine takes 32 bits; nobody's history is longer. */
const LARGEST = 2 ** 32 - 1;

/** Pages of history that were asked for and have not come. */
export class HistoryRequests {
  readonly #engine: NativeDialogue;
  readonly #queue: CallQueue;
  readonly #pending = new Map<number, Request>();

  constructor(engine: NativeDialogue, queue: CallQueue) {
    this.#engine = engine;
    this.#queue = queue;
  }

  request(key: RoomKey, eventName: string, start: number, end: number): Promise<EventMessage[]> {
    const [from, to] = [position(start), position(end)];
    if (from >= to || !isWellFormed(eventName)) return Promise.resolve([]);
    const token = this.#engine.history(key, eventName, from, to);
    const page = new Promise<EventMessage[]>((resolve, reject) =>
      this.#pending.set(token, { resolve, reject }),
    );
    // What memory holds is there already: a program with nothing else to wait for must not end before it has it.
    this.#queue.drain();
    return page;
  }

  settle(token: number, messages: EventMessage[] | undefined, error: string | undefined): void {
    const request = this.#pending.get(token);
    this.#pending.delete(token);
    if (error === undefined) request?.resolve(messages ?? []);
    else request?.reject(new DialogueError("INTERNAL", "Internal error", { cause: error }));
  }
}

/** An integer of 0 or more, whatever was given. */
function position(value: number): number {
  return value > 0 ? Math.min(Math.floor(value), LARGEST) : 0;
}
