import type { EventHandler, RoomContext, WildcardHandler } from "../../client.js";
import type { EventDefinition, EventMessage, Result } from "../../index.js";
import type { DialogueError } from "../errors.js";
import { ANY_EVENT, WIRE } from "../protocol.js";
import { Err, Ok } from "../result.js";
import { Handlers } from "./handlers.js";
import { Inbox } from "./inbox.js";
import type { Reply, Request } from "./requests.js";
import { Subscriptions } from "./subscriptions.js";
import { fault, notInRoom } from "./wire-errors.js";

/** What a room needs of whoever holds the connection. */
export interface RoomLine {
  ask(request: Request): Promise<Reply>;
  /** The same, and again where the server is too busy for a moment, as long as it is `current`. */
  insist(request: Request, current: () => boolean): Promise<unknown>;
  /** Whether requests would go out now; else the next join sends subscriptions. */
  ready(): boolean;
  history(events: EventMessage[]): void;
  /** Something went wrong that nobody waits for. */
  failed(error: DialogueError): void;
  leave(): void;
}

/** Events of a page of history, unless it is said. */
const PAGE = 50;

/** Handlers of one kind of event each. */
type Kinds = Map<string, Handlers<[EventMessage]>>;

/** A room that this client is in, as the program holds it; see `client.d.ts`. */
export class JoinedRoom implements RoomContext {
  readonly roomId: string;
  roomName: string;
  /** Random per creation of the room; absent on a server that says no positions. */
  epoch: unknown;
  readonly inbox: Inbox;
  readonly subscriptions = new Subscriptions();
  #ended: DialogueError | undefined;
  readonly #line: RoomLine;
  readonly #kinds: Kinds = new Map();
  readonly #any = new Handlers<[string, EventMessage]>();
  readonly #closed = new Handlers<[DialogueError]>();

  constructor(roomId: string, roomName: string, line: RoomLine) {
    this.roomId = roomId;
    this.roomName = roomName;
    this.#line = line;
    const overflowed = () => line.failed(fault("OVERLOADED", "Too many events came at once", { roomId }));
    this.inbox = new Inbox(
      (message) => this.#hand(message),
      (events) => void (this.#ended === undefined && line.history(events)),
      overflowed,
    );
  }

  /** Whether the membership is over. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  // Arrow functions: `const { trigger } = room` works.

  readonly trigger = async (
    event: string | { readonly name: string },
    data: unknown,
    meta?: Record<string, unknown>,
  ): Promise<Result<void, DialogueError>> => {
    try {
      const name = nameOf(event);
      await this.#ask(WIRE.trigger, { roomId: this.roomId, event: name, data, meta }, name);
      return Ok();
    } catch (error) {
      return Err(error as DialogueError);
    }
  };

  readonly on = <T>(event: string | EventDefinition<T>, handler: EventHandler<T>): (() => void) => {
    const name = nameOf(event);
    if (name === ANY_EVENT) return this.#any.add((_, message) => handler(message as EventMessage<T>));
    let kind = this.#kinds.get(name);
    if (kind === undefined) {
      kind = new Handlers();
      this.#kinds.set(name, kind);
    }
    return kind.add(handler as EventHandler);
  };

  readonly onAny = (handler: WildcardHandler): (() => void) => this.#any.add(handler);

  readonly subscribe = (eventName: string): void => this.#subscribe(eventName, true);

  readonly subscribeAll = (): void => this.#subscribe(ANY_EVENT, true);

  readonly unsubscribe = (eventName: string): void => this.#subscribe(eventName, false);

  readonly getHistory = async <T = unknown>(
    event: string | EventDefinition<T>,
    start?: number,
    end?: number,
  ): Promise<EventMessage<T>[]> => {
    const { events } = await this.page(nameOf(event), start, end);
    return events as EventMessage<T>[];
  };

  readonly onClosed = (handler: (reason: DialogueError) => void): (() => void) => {
    const off = this.#closed.add(handler);
    // It may have ended before anybody could ask.
    if (this.#ended !== undefined && this.#ended !== LEFT) queueMicrotask(() => this.#tellClosed());
    return off;
  };

  readonly leave = (): void => {
    if (this.ended) return;
    this.#ended = LEFT;
    this.#forget();
    this.#line.leave();
  };

  /** A page of history; without a name, of all kinds. */
  async page(
    eventName: string | undefined,
    start?: number,
    end?: number,
  ): Promise<{ events: EventMessage[]; start: number; end: number }> {
    const { roomId } = this;
    // What is undefined is not sent. Not every server counts `end` from `start`.
    const last = end ?? (start === undefined ? end : start + PAGE);
    const reply = await this.#ask(WIRE.getHistory, { roomId, eventName, start, end: last }, eventName);
    return {
      events: (Array.isArray(reply["events"]) ? reply["events"] : []) as EventMessage[],
      start: Number(reply["start"] ?? start ?? 0),
      end: Number(reply["end"] ?? last ?? PAGE),
    };
  }

  /** An event came by itself. */
  received(message: EventMessage): void {
    this.subscriptions.heard(message.event);
    this.inbox.message(message);
  }

  /** Asks again for what was asked for before. */
  subscribeAgain(): void {
    for (const [name, wanted] of this.subscriptions.asked) this.#sendSubscription(name, wanted);
  }

  /** Ended other than by `leave()`. */
  close(reason: DialogueError): void {
    if (this.ended) return;
    // What came before the end is handed on before it.
    this.inbox.release();
    if (this.ended) return;
    this.#ended = reason;
    this.#tellClosed();
    this.#forget();
  }

  #tellClosed(): void {
    this.#closed.tell(this.#ended!);
    this.#closed.clear();
  }

  #forget(): void {
    this.#kinds.clear();
    this.#any.clear();
    this.#closed.clear();
  }

  #hand(message: EventMessage): void {
    // A handler may have left.
    if (this.ended) return;
    this.#kinds.get(message.event)?.tell(message);
    this.#any.tell(message.event, message);
  }

  #subscribe(eventName: string, wanted: boolean): void {
    const name = nameOf(eventName);
    if (this.ended) return;
    this.subscriptions.ask(name, wanted);
    if (this.#line.ready()) this.#sendSubscription(name, wanted);
  }

  #sendSubscription(eventName: string, wanted: boolean): void {
    const { roomId } = this;
    const all = wanted && eventName === ANY_EVENT;
    const event = all ? WIRE.subscribeAll : wanted ? WIRE.subscribe : WIRE.unsubscribe;
    const request = { event, payload: all ? { roomId } : { roomId, eventName }, roomId, eventName };
    const current = () => !this.ended && this.subscriptions.asked.get(eventName) === wanted;
    this.#line.insist(request, current).catch((error: DialogueError) => {
      // Without a connection the next join asks again.
      if (!current() || error.code === "DISCONNECTED") return;
      this.subscriptions.asked.delete(eventName);
      this.#line.failed(error);
    });
  }

  #ask(event: string, payload: Record<string, unknown>, eventName?: string): Promise<Reply> {
    const { roomId } = this;
    if (this.ended) return Promise.reject(notInRoom(roomId));
    return this.#line.ask({ event, payload, roomId, eventName });
  }
}

/** Stands for `leave()`, which nobody needs to be told of. */
const LEFT = fault("NOT_IN_ROOM", "Left");

/** The name of an event; throws where there is none. */
function nameOf(event: unknown): string {
  const name = typeof event === "object" && event !== null ? (event as { name?: unknown }).name : event;
  if (typeof name === "string" && name !== "") return name;
  throw fault("INVALID_REQUEST", "event: must be an event definition or a non-empty string");
}
