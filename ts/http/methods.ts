/** Methods that fetch writes in capitals, however they come. All others stay as they are. */
const NORMALISED = /^(?:delete|get|head|options|post|put)$/i;
/** What fetch's `Request` does not take. */
const FORBIDDEN = /^(?:connect|trace|track)$/i;

/** What almost every request is: there is nothing to be looked for in it. */
const isUsual = (method: string): boolean => method === "GET" || method === "POST";

/** A method as fetch's `Request` has it. A program that looks for `DELETE` must see one in `delete`, which it becomes when the request is passed on. */
export function normalMethod(method: string): string {
  return isUsual(method) || !NORMALISED.test(method) ? method : method.toUpperCase();
}

/** Whether an app can be asked with this method. */
export const isForApps = (method: string): boolean => isUsual(method) || !FORBIDDEN.test(method);
