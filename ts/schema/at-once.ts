import { takePromises } from "../promises.js";
import { isThenable, onRejection } from "../thenable.js";

/**
 * Asks a schema for an answer at once. What the program put into a schema (refinements, transforms, defaults, messages) may return a promise
 * on some path only. Zod drops that promise if it is asked synchronously, and its rejection would end the process. So each of those
 * functions gets a wrapper, once: while a schema is asked, the wrapper takes the rejection and refuses the promise.
 */

/** A schema that cannot be asked at once. */
export class AsyncSchema extends Error {
  constructor() {
    super("the schema is asynchronous");
  }
}

/** Questions that are under way. */
let asking = 0;
/** Whether a promise was met in the newest of them. */
let met = false;

/** Calls `ask`, in which no function of the schema may return a promise, or a value that holds one. */
export function atOnce<T>(schema: unknown, ask: () => T): T {
  if (isWalked(schema)) guard(schema);
  const metBefore = met;
  met = false;
  asking++;
  try {
    const answer = settled(ask());
    // What a function of the program caught, or what was dropped with the branch of a union, was a promise all the same.
    if (met) throw new AsyncSchema();
    return answer;
  } finally {
    asking--;
    met = metBefore;
  }
}

/** The same value, unless it is a promise: then its rejection is taken, and {@link AsyncSchema} thrown. */
export function settled<T>(value: T): T {
  if (asking > 0 && isThenable(value)) {
    met = true;
    onRejection(value, () => {});
    throw new AsyncSchema();
  }
  return value;
}

/** The same, and refuses a promise anywhere inside the value too. */
export function settledWhole<T>(value: T): T {
  if (asking > 0 && takePromises(value, "whole")) {
    met = true;
    throw new AsyncSchema();
  }
  return value;
}

/** The same for issues. Of what a library keeps in them, its own objects are not looked into. */
export function settledIssues<T extends Iterable<unknown>>(issues: T): T {
  for (const issue of issues) takeFromIssue(issue);
  if (met) throw new AsyncSchema();
  return issues;
}

function takeFromIssue(issue: unknown): void {
  if (takePromises(issue, "plain")) met = true;
  if (typeof issue !== "object" || issue === null) return;
  const { message, path } = issue as { message?: unknown; path?: unknown };
  // An issue may be of a class, whose fields are getters.
  if (takePromises([message, path], "whole")) met = true;
}

type Keyed = Record<PropertyKey, unknown>;
type AnyFunction = (...args: unknown[]) => unknown;

/** Schemas, and parts of them, whose functions have wrappers; and the wrappers. */
const guarded = new WeakSet<object>();

const isObject = (value: unknown): value is Keyed => typeof value === "object" && value !== null;
/** A schema or a check of Zod 4, or a schema of Zod 3. */
const isOfZod = (value: unknown): boolean => isObject(value) && ("_zod" in value || "_def" in value);

/** Libraries whose schemas are known to be made of functions, plain objects and each other. What another one holds is its own. */
const isWalked = (schema: unknown): boolean =>
  isOfZod(schema) ||
  (isObject(schema) && isObject(schema["~standard"]) && schema["~standard"]["vendor"] === "valibot");

function guard(value: unknown): void {
  if (!isObject(value) || guarded.has(value)) return;
  if (isOfZod(value)) {
    guarded.add(value);
    const { _zod: inner, _def } = value;
    if (!isObject(inner)) guard(_def);
    else {
      const definition = isObject(inner["def"]) ? inner["def"] : {};
      // Zod's own checks need none, and are asked often.
      if (definition["check"] === "custom" || !isOwnCheck(inner["traits"])) guardProperty(inner, "check");
      guardProperty(inner, "innerType");
      guard(definition);
      if (definition["type"] === "promise") wrap(inner, "run", refused);
    }
  } else if (Array.isArray(value)) value.forEach(guard);
  else if (value instanceof Map || value instanceof Set) for (const item of value.values()) guard(item);
  else if (isPlain(value)) {
    guarded.add(value);
    for (const name of Reflect.ownKeys(value)) {
      // Of Valibot, its own functions.
      if (!String(name).startsWith("~")) guardProperty(value, name);
    }
  }
}

const isOwnCheck = (traits: unknown): boolean =>
  traits instanceof Set && [...traits].every((trait) => /^[$_]?Zod/.test(String(trait)));

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** A function gets a wrapper, and so does a getter: what it makes is not there yet. */
function guardProperty(owner: Keyed, name: PropertyKey): void {
  const property = Object.getOwnPropertyDescriptor(owner, name);
  if (!property) return;
  const { get, value } = property;
  const around = name === "shape" ? fields : checked;
  if (get) Reflect.defineProperty(owner, name, { ...property, get: wrapped(get, around) });
  else if (typeof value === "function") wrap(owner, name, around);
  else guard(value);
}

type Around = (own: AnyFunction, self: unknown, args: unknown[]) => unknown;

function wrap(owner: Keyed, name: PropertyKey, around: Around): void {
  const property = Object.getOwnPropertyDescriptor(owner, name);
  const own: unknown = property?.value;
  if (typeof own !== "function" || guarded.has(own)) return;
  Reflect.defineProperty(owner, name, { ...property, value: wrapped(own as AnyFunction, around) });
}

function wrapped<F extends AnyFunction>(own: F, around: Around): F {
  // A class is not called, and may be compared with.
  if (guarded.has(own) || /^class\b/.test(Function.prototype.toString.call(own))) return own;
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    return around(own, this, args);
  };
  guarded.add(wrapper);
  return wrapper as F;
}

const checked: Around = (own, self, args) => {
  if (asking === 0) return reached(Reflect.apply(own, self, args));
  // Zod 4 hands a check the issues, and a transform (its value first) issues and a way to add one. Zod 3 and Valibot hand over a way.
  const first = issuesOf(args[0]);
  const second = issuesOf(args[1]);
  const ofFirst = first?.length ?? 0;
  const ofSecond = second?.length ?? 0;
  watch(args[0]);
  watch(args[1]);
  try {
    return reached(Reflect.apply(own, self, args));
  } finally {
    if (first && first.length > ofFirst) first.slice(ofFirst).forEach(takeFromRaw);
    if (second && second.length > ofSecond) second.slice(ofSecond).forEach(takeFromRaw);
  }
};

function reached<T>(result: T): T {
  if ((typeof result !== "object" && typeof result !== "function") || result === null) return result;
  settled(result);
  // A lazy schema, or a field that a getter makes.
  if (isOfZod(result)) guard(result);
  else if (!("~standard" in result)) settledWhole(result);
  return result;
}

/** The issues so far, as Zod 4 hands them to a function of the program. */
function issuesOf(context: unknown): readonly unknown[] | undefined {
  const issues = isObject(context) ? context["issues"] : undefined;
  return Array.isArray(issues) ? issues : undefined;
}

function takeFromRaw(issue: unknown): void {
  if (!isObject(issue) || !("inst" in issue)) takeFromIssue(issue);
  else {
    // The schema itself.
    const { inst: _inst, ...told } = issue;
    takeFromIssue(told);
  }
}

/** An issue is looked at as it is added: the branch of a union that adds it may be dropped. */
function watch(context: unknown): void {
  const own = isObject(context) ? context["addIssue"] : undefined;
  if (typeof own !== "function" || guarded.has(own)) return;
  const adding = (...given: unknown[]): unknown => {
    for (const issue of given) if (asking > 0) takeFromIssue(issue);
    return Reflect.apply(own, context, given);
  };
  guarded.add(adding);
  (context as Keyed)["addIssue"] = adding;
}

/** The fields of an object schema, where a function or a getter makes them. */
const fields: Around = (own, self, args) => {
  const shape = Reflect.apply(own, self, args);
  guard(shape);
  return shape;
};

/** Zod looks into a promise in a later turn, where its refinements would not be watched. */
const refused: Around = (own, self, args) => {
  if (asking > 0) throw new AsyncSchema();
  return Reflect.apply(own, self, args);
};
