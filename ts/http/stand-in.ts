/**
 * Gives a class that stands for one of the runtime's what it has not itself: properties and methods of the real one, which is made when
 * one of them is used. To `instanceof` it is one of the runtime's.
 *
 * @param names What needs the real one.
 * @param real Makes it, or gives the one that was made.
 */
export function standIn<Light extends object>(
  light: { prototype: Light },
  native: { prototype: object },
  names: readonly string[],
  real: (light: Light) => object,
): void {
  for (const name of names) {
    const isMethod = Object.getOwnPropertyDescriptor(native.prototype, name)?.value !== undefined;
    Object.defineProperty(light.prototype, name, {
      configurable: true,
      get(this: Light) {
        const made = real(this) as Record<string, unknown>;
        const value = made[name];
        return isMethod ? (value as (() => unknown) | undefined)?.bind(made) : value;
      },
    });
  }
  Object.setPrototypeOf(light.prototype, native.prototype);
}

/** What the runtime makes itself is an instance of the class that is in its place too; a class that extends that one has its own instances. */
export function isInPlaceOf(light: object, native: new (...args: never[]) => object): void {
  // There are those who look at constructor.name.
  Object.defineProperty(light, "name", { value: native.name, configurable: true });
  Object.defineProperty(light, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this === light) return value instanceof native;
      return Function.prototype[Symbol.hasInstance].call(this as () => void, value);
    },
  });
}
