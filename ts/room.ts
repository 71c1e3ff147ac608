import type {
  AnyEvent,
  ConnectedClient,
  EventDefinition,
  EventMessage,
  InvalidResult,
  OkResult,
  Room,
} from "../index.js";
import { HALF_A_CHARACTER, isWellFormed } from "./fields.js";
import type { Handle } from "./handle-contract.js";
import type { HistoryRequests } from "./history-requests.js";
import type { NativeDialogue, RoomInfo, RoomKey } from "./native.js";
import { ANY_EVENT, SYSTEM } from "./protocol.js";
import type { Triggers } from "./trigger.js";

/** What a room's handle leans on. */
export interface RoomSupport {
  readonly engine: NativeDialogue;
  readonly triggers: Triggers;
  readonly histories: HistoryRequests;
  clientsOf(ids: string[]): ConnectedClient[];
}

export type Handler = (message: EventMessage) => unknown;

/** A handler, once for each time that it was added. */
export interface HandlerEntry {
  readonly handler: Handler;
  isOver: boolean;
}

/** What the face keeps of a room: what only JavaScript can hold, and a copy of what only JavaScript changes. */
export class RoomState {
  readonly key: RoomKey;
  readonly id: string;
  readonly handle: Room;
  info: RoomInfo;
  definitions: EventDefinition[];
  ended = false;
  readonly #engine: NativeDialogue;
  /** By event. The lists are not changed but replaced: whoever goes through one is not disturbed. */
  readonly #handlers = new Map<string, readonly HandlerEntry[]>();

  constructor(key: RoomKey, info: RoomInfo, definitions: EventDefinition[], support: RoomSupport) {
    this.key = key;
    this.id = info.id;
    this.info = info;
    this.definitions = definitions;
    this.#engine = support.engine;
    this.handle = new RoomHandle(this, support) as Room;
  }

  /** Whether a handler waits for such an event. */
  hears(event: string): boolean {
    return this.#handlers.has(event) || this.#handlers.has(ANY_EVENT);
  }

  /** The handlers of such an event, in the order in which they are called. */
  handlersOf(event: string): readonly HandlerEntry[] | undefined {
    const ofAll = this.#handlers.get(ANY_EVENT);
    if (event === ANY_EVENT) return ofAll;
    const own = this.#handlers.get(event);
    return own && ofAll ? [...own, ...ofAll] : (own ?? ofAll);
  }

  add(event: string, handler: Handler): () => void {
    if (this.ended) return () => {};
    const entry = { handler, isOver: false };
    this.#handlers.set(event, [...(this.#handlers.get(event) ?? []), entry]);
    this.#engine.roomObserve(this.key, event, 1);
    return () => {
      if (entry.isOver) return;
      entry.isOver = true;
      if (this.ended) return;
      const others = (this.#handlers.get(event) ?? []).filter((other) => other !== entry);
      if (others.length === 0) this.#handlers.delete(event);
      else this.#handlers.set(event, others);
      this.#engine.roomObserve(this.key, event, -1);
    };
  }

  /** The room is gone, and its handlers with it. */
  end(): void {
    this.ended = true;
    this.#handlers.clear();
  }
}

/** What people hold. */
class RoomHandle implements Handle<Room> {
  readonly #state: RoomState;
  readonly #support: RoomSupport;

  constructor(state: RoomState, support: RoomSupport) {
    this.#state = state;
    this.#support = support;
  }

  get id(): string {
    return this.#state.id;
  }

  get name(): string {
    return this.#state.info.name;
  }

  get description(): string | undefined {
    return this.#state.info.description;
  }

  get maxSize(): number | undefined {
    return this.#state.info.maxSize;
  }

  get events(): EventDefinition<unknown>[] {
    return this.#state.definitions;
  }

  get defaultSubscriptions(): string[] {
    return this.#state.info.defaultSubscriptions;
  }

  get createdById(): string | undefined {
    return this.#state.info.createdById;
  }

  trigger(
    event: { readonly name: string },
    data: unknown,
    from: string = SYSTEM,
    meta?: Record<string, unknown>,
  ): OkResult<void> | InvalidResult {
    return this.#support.triggers.trigger(this.#state, event, data, from, meta);
  }

  on<T>(event: EventDefinition<T>, handler: (message: EventMessage<T>) => void): () => void {
    if (typeof event?.name !== "string")
      throw new TypeError("room.on: the event must be a definition with a name");
    if (!isWellFormed(event.name)) throw new TypeError(`room.on: the event's name ${HALF_A_CHARACTER}`);
    if (typeof handler !== "function") throw new TypeError("room.on: the handler must be a function");
    return this.#state.add(event.name, handler as Handler);
  }

  size(): number {
    return this.#support.engine.roomSize(this.#state.key);
  }

  isFull(): boolean {
    const { maxSize } = this;
    return maxSize !== undefined && this.size() >= maxSize;
  }

  participants(): ConnectedClient[] {
    return this.#support.clientsOf(this.#support.engine.roomParticipants(this.#state.key));
  }

  history(event: unknown, start: number, end: number): Promise<EventMessage<never>[]> {
    const eventName = typeof event === "string" ? event : (event as Partial<AnyEvent> | null)?.name;
    if (typeof eventName !== "string" || eventName === "")
      throw new TypeError("room.history: the event must be a definition with a name, or a name");
    if (this.#state.ended) return Promise.resolve([]);
    const page = this.#support.histories.request(this.#state.key, eventName, start, end);
    return page as Promise<EventMessage<never>[]>;
  }

  /** JSON and logs show the room, not the machinery. */
  toJSON(): object {
    const { id, name, description, maxSize, defaultSubscriptions, createdById } = this;
    return { id, name, description, maxSize, defaultSubscriptions, createdById, size: this.size() };
  }
}
