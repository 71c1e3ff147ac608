import type { ServerSocket } from "./socket.js";

/** What a map of sockets asks. */
interface Source {
  find(id: string): ServerSocket | undefined;
  ids(): string[];
  count(): number;
}

/** The sockets of a namespace, by id: a Map that looks when it is looked into, so that nobody's object is made before. */
export class SocketMap extends Map<string, ServerSocket> {
  readonly #source: Source;

  constructor(source: Source) {
    super();
    this.#source = source;
  }

  override get size(): number {
    // Map's own constructor asks before there is a source.
    return this.#source?.count() ?? 0;
  }

  override get(id: string): ServerSocket | undefined {
    return this.#source.find(id);
  }

  override has(id: string): boolean {
    return this.get(id) !== undefined;
  }

  override *keys(): MapIterator<string> {
    yield* this.#source.ids();
  }

  override *values(): MapIterator<ServerSocket> {
    for (const [, socket] of this.entries()) yield socket;
  }

  override *entries(): MapIterator<[string, ServerSocket]> {
    for (const id of this.#source.ids()) {
      const socket = this.#source.find(id);
      if (socket) yield [id, socket];
    }
  }

  override [Symbol.iterator](): MapIterator<[string, ServerSocket]> {
    return this.entries();
  }

  override forEach(
    visit: (socket: ServerSocket, id: string, map: Map<string, ServerSocket>) => void,
    self?: unknown,
  ): void {
    for (const [id, socket] of this.entries()) visit.call(self, socket, id, this);
  }

  override set(): this {
    throw new TypeError("Sockets come by connecting");
  }

  override delete(): boolean {
    throw new TypeError("A socket goes by socket.disconnect()");
  }

  override clear(): void {
    throw new TypeError("Sockets go by disconnectSockets()");
  }
}
