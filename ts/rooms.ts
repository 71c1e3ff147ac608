import type { EventDefinition, Logger, Room, RoomConfig } from "../index.js";
import type { CallQueue } from "./call-queue.js";
import { invalidConfig } from "./errors.js";
import { isId } from "./fields.js";
import type { RoomInfo, RoomKey } from "./native.js";
import { ANY_EVENT } from "./protocol.js";
import { Registry } from "./registry.js";
import { RoomState, type RoomSupport } from "./room.js";
import { type RoomSpec, readRoom, readRoomChanges } from "./room-config.js";

/** What the rooms are governed by. */
export interface RoomRules {
  /** Definitions that rooms may name by name alone. */
  readonly definitions: EventDefinition[];
  /** Definitions of rooms that clients create; absent: any event. */
  readonly clientRoomEvents?: EventDefinition[];
}

/** `createRoom` of the engine, where it made none. */
const TAKEN = 0;
const REFUSED = -1;

/** The rooms' handles, and what changes rooms. */
export class Rooms {
  readonly #support: RoomSupport;
  readonly #queue: CallQueue;
  readonly #log: Logger;
  readonly #rules: RoomRules;
  readonly #states: Registry<RoomKey, RoomState>;

  constructor(support: RoomSupport, queue: CallQueue, log: Logger, rules: RoomRules) {
    this.#support = support;
    this.#queue = queue;
    this.#log = log;
    this.#rules = rules;
    // Rooms made here have their handle at once: what is looked for and has none was made by a client.
    this.#states = new Registry((key) => {
      const info = support.engine.roomInfo(key);
      return info === null ? undefined : this.#stateOf(key, JSON.parse(info));
    });
  }

  /** The state of a room that a client made. */
  #stateOf(key: RoomKey, info: RoomInfo): RoomState {
    return new RoomState(key, info, this.#rules.clientRoomEvents ?? [{ name: ANY_EVENT }], this.#support);
  }

  /** The room that a call tells of, which may be gone again when it is told. */
  told(key: RoomKey, info: RoomInfo): Room {
    let state = this.byKey(key);
    if (!state) {
      state = this.#stateOf(key, info);
      // Its end is still to be told, and needs the same handle.
      this.#states.add(key, state);
    }
    return state.handle;
  }

  find(id: string): Room | undefined {
    return this.#byId(id)?.handle;
  }

  all(): Room[] {
    return this.#support.engine.roomKeys().flatMap((key) => this.byKey(key)?.handle ?? []);
  }

  byKey(key: RoomKey): RoomState | undefined {
    return this.#states.get(key);
  }

  /** Makes a room; its hooks run when the queue is drained. 0: the id is taken; -1: it is not acceptable. */
  make(id: string, spec: RoomSpec): RoomKey {
    const { engine } = this.#support;
    const key = engine.createRoom(id, spec.json, spec.createdById);
    if (key <= TAKEN) return key;
    const info: RoomInfo = JSON.parse(engine.roomInfo(key) as string);
    this.#states.add(key, new RoomState(key, info, spec.events, this.#support));
    return key;
  }

  create(id: string, config: RoomConfig, createdById?: string): Room | null {
    if (typeof id !== "string") throw invalidConfig("id", "must be a string");
    const spec = readRoom(config, `rooms.${id}`, this.#rules.definitions, this.#warner("createRoom"));
    const key = isId(id)
      ? this.make(id, createdById === undefined ? spec : { ...spec, createdById })
      : REFUSED;
    if (key < TAKEN) {
      const message =
        "createRoom: the room's id is not acceptable: it is empty, longer than limits.idLength, or holds half a character";
      this.#log.warn({ message, atFunction: "createRoom", data: { id: id.slice(0, 100) } });
    }
    const room = this.byKey(key)?.handle ?? null;
    this.#queue.drain();
    return room;
  }

  update(id: string, changes: unknown): Room | null {
    const state = this.#byId(id);
    const { json, events } = readRoomChanges(
      changes,
      `rooms.${id}`,
      this.#rules.definitions,
      this.#warner("updateRoom"),
    );
    if (!state || !this.#support.engine.updateRoom(state.key, json)) return null;
    const info = this.#support.engine.roomInfo(state.key);
    if (info !== null) state.info = JSON.parse(info);
    if (events) state.definitions = events;
    this.#queue.drain();
    return state.handle;
  }

  delete(id: string): boolean {
    const state = this.#byId(id);
    const deleted = state !== undefined && this.#support.engine.deleteRoom(state.key);
    this.#queue.drain();
    return deleted;
  }

  /** The room is gone. */
  end(key: RoomKey): void {
    this.#states.get(key)?.end();
    this.#states.end(key);
  }

  #warner(atFunction: string): (message: string) => void {
    return (message) => this.#log.warn({ message, atFunction, data: undefined });
  }

  #byId(id: string): RoomState | undefined {
    const key = typeof id === "string" ? this.#support.engine.roomKey(id) : TAKEN;
    const state = key === TAKEN ? undefined : this.byKey(key);
    // Half a character reaches the engine as another one, and would find the room of that name.
    return state?.id === id ? state : undefined;
  }
}
