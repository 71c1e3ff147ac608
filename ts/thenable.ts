/** Whether a value is a promise: one of this realm, of another one, or of a library. Looking may throw, as the value's getter does. */
export const isThenable = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  (typeof value === "object" || typeof value === "function") &&
  value !== null &&
  typeof (value as { then?: unknown }).then === "function";

/**
 * Takes what a promise rejects with. A rejection that nobody takes ends the process.
 *
 * @param report Hears of it; without one it goes nowhere.
 */
export function takeRejection(
  promise: PromiseLike<unknown>,
  report: (error: unknown) => void = () => {},
): void {
  // `resolve` makes a promise of this realm, whose `then` is called in a turn of its own, where what it throws is a rejection.
  Promise.resolve(promise).then(undefined, report);
}
