import type { StandardSchemaV1 } from "@standard-schema/spec";
import type {
  AnyEvent,
  DataOut,
  DefineEventOptions,
  EventDefinition,
  EventMessage,
  EventSchema,
  InvalidResult,
  OkResult,
  Result,
} from "../index.js";
import { invalidConfig } from "./errors.js";
import { fields, flag, integer, text } from "./fields.js";
import { type Issue, invalid } from "./issues.js";
import { ANY_EVENT } from "./protocol.js";
import { Err, Ok } from "./result.js";
import { AsyncSchema, atOnce, settled, settledIssues, settledWhole } from "./schema/at-once.js";

/** Defines an event; see `events.d.ts`. */
export function defineEvent<S extends EventSchema, const N extends string = string>(
  name: N,
  options: DefineEventOptions & { schema: S },
): EventDefinition<StandardSchemaV1.InferOutput<S>> & {
  readonly name: N;
  readonly schema: S;
  readonly "~schema"?: S;
};
export function defineEvent<S extends StandardSchemaV1, const N extends string = string>(
  name: N,
  options: DefineEventOptions & { schema: S },
): EventDefinition<StandardSchemaV1.InferOutput<S>> & { readonly name: N; readonly "~schema"?: S };
export function defineEvent<const N extends string, T>(
  name: N,
  options?: DefineEventOptions,
): EventDefinition<T> & { readonly name: N };
export function defineEvent<T = unknown>(name: string, options?: DefineEventOptions): EventDefinition<T>;
export function defineEvent(
  name: string,
  options: DefineEventOptions & { schema?: unknown } = {},
): EventDefinition {
  fields(options, "options");
  const { schema, description, history } = options;
  const definition = {
    name,
    ...(description !== undefined && { description }),
    ...(schema !== undefined && { schema }),
    ...(history !== undefined && { history: Object.freeze({ ...history }) }),
  };
  checkEvent(definition, "event");
  return Object.freeze(definition) as EventDefinition;
}

/** Throws unless `value` can serve as an event definition. */
export function checkEvent(value: unknown, path: string): asserts value is EventDefinition {
  const { name, description, schema, history } = fields(value, path, "must be an event definition");
  text(name, `${path}.name`);
  if (description !== undefined && typeof description !== "string") {
    throw invalidConfig(`${path}.description`, "must be a string");
  }
  if (schema !== undefined && !isZod(schema) && !isStandard(schema)) {
    throw invalidConfig(`${path}.schema`, "must be a Zod schema or a Standard Schema");
  }
  if (history === undefined) return;
  const { enabled, limit } = fields(history, `${path}.history`, "must be { enabled, limit }");
  // A history that is switched off may say anything reasonable about its length.
  integer(limit, `${path}.history.limit`, flag(enabled, `${path}.history.enabled`) ? 1 : 0);
}

interface ZodLike {
  safeParse(data: unknown): { success: true; data: unknown } | { success: false; error: { issues: Issue[] } };
}

const isZod = (schema: unknown): schema is ZodLike =>
  typeof (schema as Partial<ZodLike> | null)?.safeParse === "function";

// ArkType's schemas are functions.
const isStandard = (schema: unknown): schema is StandardSchemaV1 =>
  (typeof schema === "object" || typeof schema === "function") &&
  typeof (schema as Partial<StandardSchemaV1> | null)?.["~standard"]?.validate === "function";

/** What Zod throws where a synchronous parse meets a promise that no wrapper saw: version 4 by a class of its own, version 3 in words. */
const isAsyncFault = (error: unknown): boolean =>
  error instanceof AsyncSchema ||
  (error instanceof Error &&
    (error.constructor.name === "$ZodAsyncError" || error.message.includes("parseAsync")));

/** What a schema makes of a payload. Throws what the schema throws, and {@link AsyncSchema}. */
function ask(schema: unknown, data: unknown): Result<unknown, readonly Issue[]> {
  return atOnce(schema, () => {
    if (isZod(schema)) {
      const parsed = settled(schema.safeParse(data));
      return parsed.success ? Ok(settledWhole(parsed.data)) : Err(settledIssues(parsed.error.issues));
    }
    if (!isStandard(schema)) throw new TypeError("neither a Zod schema nor a Standard Schema");
    const parsed = settled(schema["~standard"].validate(data)) as StandardSchemaV1.Result<unknown>;
    const issues = settled(parsed.issues);
    if (issues) return Err(settledIssues(issues));
    if (!("value" in parsed)) throw new TypeError("validate must return { value } or { issues }");
    return Ok(settledWhole(parsed.value));
  });
}

/**
 * Judges a payload by the event's schema; see `events.d.ts`.
 *
 * @param fault Is told of a schema that threw or is asynchronous, which refuses everything.
 */
export function validateEventData<T>(
  event: EventDefinition<T>,
  data: unknown,
  fault?: (error: unknown) => void,
): OkResult<T> | InvalidResult {
  const schema: unknown = event.schema;
  if (schema === undefined) return Ok(data as T);
  try {
    const judged = ask(schema, data);
    return judged.isOk ? Ok(judged.value as T) : invalid(event.name, judged.error);
  } catch (error) {
    fault?.(error);
    // What a refinement threw may hold anything; it is not for those who read this reason.
    const message = isAsyncFault(error) ? "the schema is asynchronous" : "the schema threw";
    return invalid(event.name, [{ message }]);
  }
}

const probed = new WeakMap<object, boolean>();

/** Whether a schema shows itself asynchronous for values that any schema can be asked about. */
export function isAsync(schema: object): boolean {
  let found = probed.get(schema);
  if (found === undefined) {
    found = [undefined, null, {}].some((value) => {
      try {
        ask(schema, value);
        return false;
      } catch (error) {
        return isAsyncFault(error);
      }
    });
    probed.set(schema, found);
  }
  return found;
}

/** Whether a client may trigger `name`; see `events.d.ts`. */
export function isEventAllowed(name: string, events: readonly AnyEvent[]): boolean {
  return events.some((event) => event.name === name || event.name === ANY_EVENT);
}

/** The definition of exactly that name; see `events.d.ts`. */
export function getEventByName<E extends AnyEvent = EventDefinition<unknown>>(
  name: string,
  events: readonly E[],
): E | undefined {
  return events.find((event) => event.name === name);
}

/** Whether a message is of this event; see `events.d.ts`. */
export function is<D extends AnyEvent>(event: D, message: EventMessage): message is EventMessage<DataOut<D>> {
  const name: unknown = event?.name;
  if (typeof name !== "string") throw new TypeError("is: the event must be a definition with a name");
  if (typeof message?.event !== "string") return false;
  return name === ANY_EVENT || message.event === name;
}
