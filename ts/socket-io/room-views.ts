/** Who is in which room, as an adapter asks its namespace. */
export interface RoomSource {
  readonly roomNames: () => string[];
  readonly roomCount: () => number;
  /** Ids of those in a room; `null`: they are more than `most`; none: there is no such room. */
  readonly fewIn: (room: string, most: number) => string[] | null;
  /** 0: there is no such room. */
  readonly roomSize: (room: string) => number;
  readonly isIn: (room: string, id: string) => boolean;
  readonly idsIn: (room: string) => string[];
  readonly ids: () => string[];
  readonly count: () => number;
  readonly has: (id: string) => boolean;
  readonly roomsOf: (id: string) => string[];
  readonly roomCountOf: (id: string) => number;
}

/** A set of so few names has them in it, too, for what looks at nothing else: Bun's `expect`, `structuredClone`. */
const FEW = 64;

const INSPECT = Symbol.for("nodejs.util.inspect.custom");
/** What newer runtimes have, which look at a Set's own content. */
const ALGEBRA = [
  ...["union", "intersection", "difference", "symmetricDifference"],
  ...["isSubsetOf", "isSupersetOf", "isDisjointFrom"],
];

function readOnly(how: string): never {
  throw new TypeError(`adapter.rooms and adapter.sids show who is where: ${how}`);
}

/** The name of a room or a socket. A program that is not typed may have given a number, which names the same. */
const named = (key: unknown): string | undefined =>
  typeof key === "string" ? key : typeof key === "number" ? String(key) : undefined;

/** Names that are asked for when somebody looks: each question costs as much as its answer is long. */
class NameSet extends Set<string> {
  readonly #names: () => string[];
  readonly #size: () => number;
  readonly #has: (name: string) => boolean;

  /** @param few What there is, if that is little. */
  constructor(
    names: () => string[],
    size: () => number,
    has: (name: string) => boolean,
    few: readonly string[] = [],
  ) {
    super();
    this.#names = names;
    this.#size = size;
    this.#has = has;
    for (const name of few) super.add(name);
  }

  override get size(): number {
    // Set's own constructor may ask before there is anything to ask.
    return this.#size?.() ?? 0;
  }

  override has(key: string): boolean {
    const name = named(key);
    return name !== undefined && this.#has(name);
  }

  override *keys(): SetIterator<string> {
    yield* this.#names();
  }

  override values(): SetIterator<string> {
    return this.keys();
  }

  override [Symbol.iterator](): SetIterator<string> {
    return this.keys();
  }

  override *entries(): SetIterator<[string, string]> {
    for (const name of this.#names()) yield [name, name];
  }

  override forEach(visit: (name: string, same: string, set: Set<string>) => void, self?: unknown): void {
    for (const name of this.#names()) visit.call(self, name, name, this);
  }

  override add(): this {
    return readOnly("use socket.join()");
  }

  override delete(): boolean {
    return readOnly("use socket.leave()");
  }

  override clear(): void {
    readOnly("use socketsLeave()");
  }

  [INSPECT](): Set<string> {
    return new Set(this);
  }
}

/** A Map of such sets. */
class NameMap extends Map<string, Set<string>> {
  readonly #names: () => string[];
  readonly #size: () => number;
  readonly #find: (name: string) => Set<string> | undefined;

  constructor(names: () => string[], size: () => number, find: (name: string) => Set<string> | undefined) {
    super();
    this.#names = names;
    this.#size = size;
    this.#find = find;
  }

  override get size(): number {
    // Map's own constructor may ask before there is anything to ask.
    return this.#size?.() ?? 0;
  }

  override get(key: string): Set<string> | undefined {
    const name = named(key);
    return name === undefined ? undefined : this.#find(name);
  }

  override has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  override *keys(): MapIterator<string> {
    yield* this.#names();
  }

  override *values(): MapIterator<Set<string>> {
    for (const [, set] of this.entries()) yield set;
  }

  override *entries(): MapIterator<[string, Set<string>]> {
    for (const name of this.#names()) {
      const set = this.#find(name);
      if (set) yield [name, set];
    }
  }

  override [Symbol.iterator](): MapIterator<[string, Set<string>]> {
    return this.entries();
  }

  override forEach(
    visit: (set: Set<string>, name: string, map: Map<string, Set<string>>) => void,
    self?: unknown,
  ): void {
    for (const [name, set] of this.entries()) visit.call(self, set, name, this);
  }

  override set(): this {
    return readOnly("use socket.join()");
  }

  override delete(): boolean {
    return readOnly("use socket.leave()");
  }

  override clear(): void {
    readOnly("use socketsLeave()");
  }

  [INSPECT](): Map<string, Set<string>> {
    return new Map([...this].map(([name, set]) => [name, new Set(set)]));
  }
}

// What compares them, as test frameworks do, takes them for what they show.
for (const [view, shown] of [[NameSet, Set] as const, [NameMap, Map] as const])
  Object.defineProperty(view.prototype, "constructor", { value: shown, configurable: true, writable: true });

for (const name of ALGEBRA) {
  const method: unknown = Reflect.get(Set.prototype, name);
  if (typeof method !== "function") continue;
  const value = function (this: NameSet, other: unknown): unknown {
    return Reflect.apply(method, new Set(this), [other]);
  };
  Object.defineProperty(NameSet.prototype, name, { value, configurable: true, writable: true });
}

/** `adapter.rooms`: who is in each room. */
export function roomsOf(source: RoomSource): Map<string, Set<string>> {
  const find = (room: string) => {
    // One question: whoever goes through all rooms asks it for each.
    const few = source.fewIn(room, FEW);
    return few?.length === 0
      ? undefined
      : new NameSet(
          () => source.idsIn(room),
          () => source.roomSize(room),
          (id) => source.isIn(room, id),
          few ?? [],
        );
  };
  return new NameMap(source.roomNames, source.roomCount, find);
}

/** `adapter.sids`: the rooms of each socket. */
export function sidsOf(source: RoomSource): Map<string, Set<string>> {
  const find = (id: string) =>
    source.has(id)
      ? new NameSet(
          () => source.roomsOf(id),
          () => source.roomCountOf(id),
          (room) => source.isIn(room, id),
          source.roomCountOf(id) <= FEW ? source.roomsOf(id) : [],
        )
      : undefined;
  return new NameMap(source.ids, source.count, find);
}
