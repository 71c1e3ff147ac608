import { copyHeaders } from "./headers-text.js";

type Key = string | symbol;
type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;
export type AnyConstructor = new (...args: never[]) => object;

/** Properties and methods of a body, for which headers do not matter. */
const OF_THE_BODY = new Set<Key>(["arrayBuffer", "body", "bodyUsed", "bytes", "json", "text", "textStream"]);
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** Light objects in the place of the runtime's. */
export interface StandIns<Real extends { readonly headers: Headers }> {
  is(value: unknown): boolean;
  /** The runtime's own that a light one stands for, made when it is asked for. */
  real(light: object): Real;
  /** The headers of a light one, if anybody asked for them. They may have been changed since the real one was made. */
  headers(light: object): Headers | undefined;
  /** What a light one knows without the real one. */
  readonly own: Readonly<Record<string, (light: object) => unknown>>;
  /** What becomes of what a method of the real one returned. */
  readonly after?: Readonly<Record<string, (light: object, result: unknown) => unknown>>;
}

/** On a light object: itself. */
const LIGHT = Symbol("light");

/**
 * Whether objects that have one of the runtime's behind them, as a proxy's target or as their prototype, serve for it: where the runtime keeps
 * what it knows in properties (Node 20 and 22), and not in private fields.
 */
const IS_REACHED = Object.getOwnPropertySymbols(new Response()).length > 0;

/** Has a light object found where the runtime's own would be. */
export function reach(light: object): void {
  if (IS_REACHED) (light as Record<symbol, unknown>)[LIGHT] = light;
}

/** The light object that a value is, or that serves for it. */
export function lightOf(is: (value: unknown) => boolean, value: unknown): object | undefined {
  if (is(value)) return value as object;
  if (!IS_REACHED || typeof value !== "object" || value === null) return undefined;
  const behind = (value as Record<symbol, unknown>)[LIGHT];
  return is(behind) ? (behind as object) : undefined;
}

/** The runtime's own that a light one stands for, with the headers that the light one has by now. */
export function settled<Real extends { readonly headers: Headers }>(
  standIns: StandIns<Real>,
  light: object,
): Real {
  const real = standIns.real(light);
  const headers = standIns.headers(light);
  if (headers !== undefined && headers !== real.headers) copyHeaders(headers, real.headers);
  return real;
}

/**
 * Has the methods and properties of a runtime's class serve light objects too: what is called, wrapped, replaced or looked at is what the
 * runtime's own objects have.
 *
 * @returns The prototype of light objects: the runtime's, or one behind it where that cannot be changed (the properties of Bun's).
 */
export function serveLight<Real extends { readonly headers: Headers }>(
  { prototype }: { readonly prototype: object },
  standIns: StandIns<Real>,
): object {
  const behind: PropertyDescriptorMap = {};
  for (const name of Reflect.ownKeys(prototype)) {
    const property = Object.getOwnPropertyDescriptor(prototype, name);
    const served = property && name !== "constructor" && serve(name, property, standIns);
    if (!served) continue;
    if (property.configurable) Object.defineProperty(prototype, name, served);
    else if (property.writable) (prototype as Record<Key, unknown>)[name] = served.value;
    else Object.assign(behind, { [name]: { ...served, configurable: true } });
  }
  if (Reflect.ownKeys(behind).length === 0) return prototype;
  // Bun prints its own natively.
  const { Bun } = globalThis as { Bun?: { inspect(value: unknown, options?: object): string } };
  const value = function (this: object, _depth: number, options: object, inspect: AnyFunction) {
    return (Bun?.inspect ?? inspect)(settled(standIns, this), options);
  };
  return Object.create(prototype, { ...behind, [INSPECT]: { value, writable: true, configurable: true } });
}

/** The same property or method; of a light object, that of the real one. */
function serve<Real extends { readonly headers: Headers }>(
  name: Key,
  property: PropertyDescriptor,
  standIns: StandIns<Real>,
): PropertyDescriptor | undefined {
  const { is } = standIns;
  const make = OF_THE_BODY.has(name) ? standIns.real : (light: object) => settled(standIns, light);
  const { get, value } = property;
  if (get) {
    const own =
      typeof name === "string" && Object.hasOwn(standIns.own, name) ? standIns.own[name] : undefined;
    const known = own ?? ((light: object) => Reflect.apply(get, make(light), []));
    const named = {
      get [name](): unknown {
        const light = lightOf(is, this);
        return light ? known(light) : Reflect.apply(get, this, []);
      },
    };
    return {
      ...property,
      ...Object.getOwnPropertyDescriptor(named, name),
      enumerable: property.enumerable ?? false,
    };
  }
  if (typeof value !== "function") return undefined;
  const method = value as AnyFunction;
  const after = typeof name === "string" ? standIns.after?.[name] : undefined;
  const named = {
    [name](this: unknown, ...args: unknown[]): unknown {
      const light = lightOf(is, this);
      if (!light) return Reflect.apply(method, this, args);
      const result = Reflect.apply(method, make(light), args);
      return after ? after(light, result) : result;
    },
  };
  const served = Reflect.get(named, name) as AnyFunction;
  Object.defineProperty(served, "length", { value: method.length, configurable: true });
  return { ...property, value: served };
}

/** Gives a function that makes objects what the class has in whose place it is put: its name, its static functions, and its prototype. */
export function putInPlaceOf(made: AnyFunction, native: AnyConstructor, own: object = {}): void {
  Object.defineProperties(made, {
    ...Object.getOwnPropertyDescriptors(native),
    ...Object.getOwnPropertyDescriptors(own),
    prototype: { value: native.prototype, writable: false },
  });
  Object.defineProperty(native.prototype, "constructor", { value: made, writable: true, configurable: true });
}
