import type { ConnectedClient, EventDefinition, EventMessage, Result, Room } from "../index.js";
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

/** What the face keeps of a room: what only JavaScript can hold, and a copy of what only JavaScript changes. */
export class RoomState {
  readonly key: RoomKey;
  readonly id: string;
  readonly handle: Room;
  info: RoomInfo;
  definitions: EventDefinition[];
  ended = false;
  readonly #engine: NativeDialogue;
  readonly #handlers = new Map<string, Set<{ readonly handler: Handler }>>();

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

  /** Calls `tell` with each handler of such an event that is there when its turn comes. */
  eachHandler(event: string, tell: (handler: Handler) => void): void {
    for (const name of event === ANY_EVENT ? [ANY_EVENT] : [event, ANY_EVENT]) {
      // A copy: what a handler adds is for the next event, what it removes is not called any more.
      const entries = this.#handlers.get(name);
      for (const entry of [...(entries ?? [])]) if (entries?.has(entry)) tell(entry.handler);
    }
  }

  add(event: string, handler: Handler): () => void {
    if (this.ended) return () => {};
    const entry = { handler };
    const entries = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, entries.add(entry));
    this.#engine.roomObserve(this.key, event, 1);
    return () => {
      if (!entries.delete(entry) || this.ended) return;
      if (entries.size === 0) this.#handlers.delete(event);
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
  ): Result<void, string> {
    return this.#support.triggers.trigger(this.#state, event, data, from, meta);
  }

  on<T>(event: EventDefinition<T>, handler: (message: EventMessage<T>) => void | Promise<void>): () => void {
    if (typeof event?.name !== "string")
      throw new TypeError("room.on: the event must be a definition with a name");
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

  history(eventName: string, start: number, end: number): Promise<EventMessage[]> {
    if (this.#state.ended) return Promise.resolve([]);
    return this.#support.histories.request(this.#state.key, eventName, start, end);
  }

  /** JSON and logs show the room, not the machinery. */
  toJSON(): object {
    const { id, name, description, maxSize, defaultSubscriptions, createdById } = this;
    return { id, name, description, maxSize, defaultSubscriptions, createdById, size: this.size() };
  }
}
