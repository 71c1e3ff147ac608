import type { CallQueue } from "./call-queue.js";

/** What runs is kept, whoever else holds it. */
const running = new Set<object>();

/** From now on it stays, until {@link release}. */
export function keep(what: object): void {
  running.add(what);
}

export function release(what: object): void {
  running.delete(what);
}

/**
 * The function that an engine wakes its queue by. The engine holds the function and the queue holds the engine, a circle that goes through
 * native code, where no collector looks: so the function does not hold the queue. Made here, since a closure holds all that is in sight.
 */
export function createWaker(): { wake: () => void; join(queue: CallQueue): void } {
  let joined: WeakRef<CallQueue> | undefined;
  return {
    wake: () => joined?.deref()?.wake(),
    join(queue) {
      joined = new WeakRef(queue);
    },
  };
}
