import { invalidUse } from "./option-error.js";

/**
 * Members that Socket.IO calls inside, and that plug-ins replace. Nothing here would call what they put there: a plug-in that tries is told so, and
 * does not wait in vain.
 *
 * @param title What the error calls the object.
 * @param instead What does the same here.
 */
export function notReplaced(
  prototype: object,
  title: string,
  names: readonly string[],
  instead: string,
): void {
  for (const name of names) {
    // One that is there can be called all the same.
    const own: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
    Object.defineProperty(prototype, name, {
      configurable: true,
      get: () => own,
      set() {
        throw invalidUse(`${title}.${name} cannot be replaced: dialogue-rs does not call it. Use ${instead}`);
      },
    });
  }
}
