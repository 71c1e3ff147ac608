import type { Dispatcher } from "../dispatcher.js";
import { onRejection } from "../thenable.js";
import { BroadcastOperator } from "./broadcast-operator.js";
import type { Listener } from "./emitter.js";
import type { Hub } from "./hub.js";
import { CONNECTION, Namespace } from "./namespace.js";
import type { ServerSocket } from "./socket.js";

/** Says whether there may be a namespace of that name. */
export type NamespaceMatcher = (
  name: string,
  auth: Record<string, unknown>,
  next: (error: Error | null, allowed: boolean) => void,
) => void;

/** What namespaces have in common whose names match: they get its middleware and its listeners when they are made. */
export class ParentNamespace extends Namespace {
  static #count = 0;
  readonly #matches: RegExp | NamespaceMatcher;
  readonly #dispatcher: Dispatcher;
  readonly #children = new Set<Namespace>();

  constructor(hub: Hub, matches: RegExp | NamespaceMatcher, dispatcher: Dispatcher) {
    super(hub, `/_${ParentNamespace.#count++}`, dispatcher);
    this.#matches = matches;
    this.#dispatcher = dispatcher;
  }

  /** Whether the name alone says that a namespace is one of its children. */
  knows(name: string): boolean {
    return this.#matches instanceof RegExp && new RegExp(this.#matches).test(name);
  }

  /** Asks whether there may be a namespace of that name. A function that fails, or never answers, has said no or nothing. */
  allows(name: string, auth: Record<string, unknown>, answer: (allowed: boolean) => void): void {
    const matches = this.#matches;
    if (matches instanceof RegExp) {
      answer(this.knows(name));
      return;
    }
    let answered = false;
    const once = (allowed: boolean) => {
      if (answered) return;
      answered = true;
      answer(allowed);
    };
    const fail = (error: unknown) => {
      this.#dispatcher.fault("io.of(function)", error);
      once(false);
    };
    try {
      const result: unknown = matches(name, auth, (error, allowed) => once(!error && Boolean(allowed)));
      onRejection(result, fail);
    } catch (error) {
      fail(error);
    }
  }

  get children(): ReadonlySet<Namespace> {
    return this.#children;
  }

  /** A namespace of a name that matches. */
  adoptChild(child: Namespace): void {
    const listeners = CONNECTION.flatMap((event) =>
      this.listeners(event).map((listener): [string, Listener] => [event, listener as Listener]),
    );
    child.inherit(this.middleware, listeners);
    this.#children.add(child);
  }

  dropChild(child: Namespace): void {
    this.#children.delete(child);
  }

  override emit(event: string, ...args: unknown[]): boolean {
    return this.#all().emit(event, ...args);
  }

  override to(room: string | readonly string[]): BroadcastOperator {
    return this.#all().to(room);
  }

  override in(room: string | readonly string[]): BroadcastOperator {
    return this.#all().in(room);
  }

  override except(room: string | readonly string[]): BroadcastOperator {
    return this.#all().except(room);
  }

  override compress(compress: boolean): BroadcastOperator {
    return this.#all().compress(compress);
  }

  override get volatile(): BroadcastOperator {
    return this.#all().volatile;
  }

  override get local(): BroadcastOperator {
    return this.#all().local;
  }

  override timeout(timeout: number): BroadcastOperator {
    return this.#all().timeout(timeout);
  }

  override emitWithAck(event: string, ...args: unknown[]): Promise<unknown> {
    return this.#all().emitWithAck(event, ...args);
  }

  override allSockets(): Promise<Set<string>> {
    return this.#all().allSockets();
  }

  override socketsJoin(room: string | readonly string[]): void {
    this.#all().socketsJoin(room);
  }

  override socketsLeave(room: string | readonly string[]): void {
    this.#all().socketsLeave(room);
  }

  override disconnectSockets(close = false): void {
    this.#all().disconnectSockets(close);
  }

  override fetchSockets(): Promise<ServerSocket[]> {
    throw new Error("fetchSockets() is not supported on parent namespaces");
  }

  /** It has no sockets of its own: nothing of it is the engine's to know. */
  protected override heed(): void {}

  #all(): BroadcastOperator {
    // Without children it stands for them, and has nobody in it: who asks for acknowledgements is told so.
    return new BroadcastOperator(() => (this.#children.size > 0 ? this.#children : [this]));
  }
}
