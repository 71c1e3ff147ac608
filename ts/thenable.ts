/** Whether a value is a promise for `await`: of this realm or another one, or of a library. */
export const isThenable = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  (typeof value === "object" || typeof value === "function") &&
  value !== null &&
  typeof (value as { then?: unknown }).then === "function";

/** Takes what a result that nobody awaits rejects with: without a handler it would end the process. */
export function onRejection(result: unknown, handle: (error: unknown) => void): void {
  if (isThenable(result)) Promise.resolve(result).then(undefined, handle);
}
