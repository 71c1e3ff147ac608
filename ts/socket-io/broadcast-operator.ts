import { namesToEngine } from "../names.js";
import { gather } from "./acks.js";
import type { Namespace } from "./namespace.js";
import { checkName, type Flags, splitAck } from "./packet.js";
import type { ServerSocket } from "./socket.js";

const listed = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);

/**
 * Sockets by their rooms, and how they are to be sent to. Immutable: each step makes another one, so that a half-made one can be
 * kept and used again.
 */
export class BroadcastOperator {
  readonly #namespaces: () => Iterable<Namespace>;
  readonly #rooms: ReadonlySet<string>;
  readonly #except: ReadonlySet<string>;
  readonly #flags: Flags;

  /** @param namespaces Whose sockets are meant: one, or the children of a parent. */
  constructor(
    namespaces: () => Iterable<Namespace>,
    rooms: Iterable<string> = [],
    except: Iterable<string> = [],
    flags: Flags = {},
  ) {
    this.#namespaces = namespaces;
    this.#rooms = new Set(rooms);
    this.#except = new Set(except);
    this.#flags = flags;
  }

  to(room: string | readonly string[]): BroadcastOperator {
    return new BroadcastOperator(
      this.#namespaces,
      [...this.#rooms, ...listed(room)],
      this.#except,
      this.#flags,
    );
  }

  in(room: string | readonly string[]): BroadcastOperator {
    return this.to(room);
  }

  except(room: string | readonly string[]): BroadcastOperator {
    return new BroadcastOperator(
      this.#namespaces,
      this.#rooms,
      [...this.#except, ...listed(room)],
      this.#flags,
    );
  }

  compress(compress: boolean): BroadcastOperator {
    return this.#with({ compress });
  }

  get volatile(): BroadcastOperator {
    return this.#with({ volatile: true });
  }

  get local(): BroadcastOperator {
    return this.#with({ local: true });
  }

  timeout(timeout: number): BroadcastOperator {
    return this.#with({ timeout });
  }

  emit(event: string, ...args: unknown[]): boolean {
    checkName(event);
    const [data, given] = splitAck(args);
    const callback: typeof given = given && ((...answer) => given.apply(this, answer));
    const namespaces = [...this.#namespaces()];
    const ack = callback && namespaces.length > 1 ? gather(namespaces.length, callback) : callback;
    for (const namespace of namespaces) {
      namespace.broadcast(this.#selector, [event, ...data], this.#flags, ack);
    }
    return true;
  }

  emitWithAck(event: string, ...args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.emit(event, ...args, (error: (Error & { responses?: unknown }) | null, responses: unknown) => {
        if (error === null) return resolve(responses);
        error.responses = responses;
        reject(error);
      });
    });
  }

  /** Ids of the sockets. */
  allSockets(): Promise<Set<string>> {
    const ids = [...this.#namespaces()].flatMap((namespace) => namespace.select(this.#selector));
    return Promise.resolve(new Set(ids));
  }

  fetchSockets(): Promise<ServerSocket[]> {
    const sockets = [...this.#namespaces()].flatMap((namespace) => namespace.fetch(this.#selector));
    return Promise.resolve(sockets);
  }

  socketsJoin(room: string | readonly string[]): void {
    for (const namespace of this.#namespaces()) namespace.join(this.#selector, [...listed(room)].map(String));
  }

  socketsLeave(room: string | readonly string[]): void {
    for (const namespace of this.#namespaces())
      namespace.leave(this.#selector, [...listed(room)].map(String));
  }

  disconnectSockets(close = false): void {
    for (const namespace of this.#namespaces()) namespace.disconnectAll(this.#selector, close);
  }

  get #selector(): string {
    if (this.#rooms.size === 0 && this.#except.size === 0) return "{}";
    return JSON.stringify({ rooms: namesToEngine(this.#rooms), except: namesToEngine(this.#except) });
  }

  #with(flags: Flags): BroadcastOperator {
    return new BroadcastOperator(this.#namespaces, this.#rooms, this.#except, { ...this.#flags, ...flags });
  }
}
