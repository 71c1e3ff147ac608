import { EventEmitter } from "node:events";
import type { Dispatcher } from "../dispatcher.js";

// biome-ignore lint/suspicious/noExplicitAny: a listener takes what its author says it takes
export type Listener = (...args: any[]) => void;

/**
 * An EventEmitter whose listeners are called one by one, each in its own right: what one throws is logged, and touches no other.
 * Whoever extends it hears when listeners come and go.
 */
export abstract class GuardedEmitter extends EventEmitter {
  readonly #dispatcher: Dispatcher;
  /** What the log calls it: `socket`, `io`. */
  readonly #title: string;

  constructor(dispatcher: Dispatcher, title: string) {
    super();
    this.#dispatcher = dispatcher;
    this.#title = title;
    // As many listeners as the program likes: they end with the object.
    this.setMaxListeners(0);
  }

  /** Listeners came or went. */
  protected heed(): void {}

  /** Calls the listeners of an event. */
  protected tell(event: string | symbol, ...args: unknown[]): void {
    if (this.listenerCount(event) === 0) return;
    const name = `${this.#title}.on('${String(event)}')`;
    for (const listener of this.rawListeners(event)) this.call(name, () => listener.apply(this, args));
  }

  /** Calls what belongs to the program; `name` is what the log calls it. */
  protected call(name: string, callback: () => unknown): void {
    this.#dispatcher.observe(name, callback);
  }

  override on(event: string | symbol, listener: Listener): this {
    super.on(event, listener);
    this.heed();
    return this;
  }

  override addListener(event: string | symbol, listener: Listener): this {
    return this.on(event, listener);
  }

  override once(event: string | symbol, listener: Listener): this {
    super.once(event, listener);
    this.heed();
    return this;
  }

  override prependListener(event: string | symbol, listener: Listener): this {
    super.prependListener(event, listener);
    this.heed();
    return this;
  }

  override prependOnceListener(event: string | symbol, listener: Listener): this {
    super.prependOnceListener(event, listener);
    this.heed();
    return this;
  }

  override removeListener(event: string | symbol, listener: Listener): this {
    super.removeListener(event, listener);
    this.heed();
    return this;
  }

  override off(event: string | symbol, listener: Listener): this {
    return this.removeListener(event, listener);
  }

  override removeAllListeners(event?: string | symbol): this {
    // With an argument that is undefined, Node would look for an event of that name.
    if (event === undefined) super.removeAllListeners();
    else super.removeAllListeners(event);
    this.heed();
    return this;
  }
}
