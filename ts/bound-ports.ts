/**
 * The ports that Dialogues of this process hold. Under a symbol of the process, not in this module: a test runner that resets
 * modules, or a second copy of the package, shall know of them too.
 */
const KEY = Symbol.for("dialogue-rs.bound-ports");

type Ports = Map<number, number>;

const ports = (): Ports => {
  const holder = globalThis as { [KEY]?: Ports };
  holder[KEY] ??= new Map();
  return holder[KEY];
};

export const isHeld = (port: number): boolean => ports().has(port);

export function hold(port: number): void {
  ports().set(port, (ports().get(port) ?? 0) + 1);
}

export function letGo(port: number): void {
  const holders = (ports().get(port) ?? 0) - 1;
  if (holders > 0) ports().set(port, holders);
  else ports().delete(port);
}
