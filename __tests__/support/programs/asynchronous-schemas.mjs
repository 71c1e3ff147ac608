// Schemas of the release that ZOD names which are asynchronous for some payloads only, and reject; and clients that send those payloads.
// What goes wrong is the runtime's to deal with as it does by default: an unhandled rejection ends this process. Says { answers }, and ends
// by itself.
import { createContext, runInContext } from "node:vm";
import { createDialogue, defineEvent } from "dialogue-rs";
import { io } from "socket.io-client";
import * as v from "valibot";

const SECRET = "the exception's own words";
const { z } = await import(process.env.ZOD);
const isFour = "core" in z;

/** Ways to reject. */
const WAYS = {
  now: () => Promise.reject(new Error(SECRET)),
  later: () => new Promise((_, reject) => setTimeout(() => reject(new Error(SECRET)), 10)),
};

/** `[schema, accepted, asynchronous]`, by what is asynchronous in it. */
function ofZod(reject) {
  const check = (value) => (value === "boom" ? reject() : true);
  const make = (value) => (value === "boom" ? reject() : value);
  const picky = () => z.string().refine(check);
  const within = (value) => (value === "boom" ? { a: [1, { b: reject() }] } : value);
  const adds = (issue) =>
    z.string().superRefine((value, context) => {
      if (value === "boom") context.addIssue({ code: "custom", ...issue() });
    });
  const table = {
    refine: [picky(), "x", "boom"],
    "refine after refine": [
      z
        .string()
        .refine(() => true)
        .refine(check),
      "x",
      "boom",
    ],
    "two refine": [z.string().refine(check).refine(check), "x", "boom"],
    superRefine: [z.string().superRefine(check), "x", "boom"],
    transform: [z.string().transform(make), "x", "boom"],
    preprocess: [z.preprocess(make, z.string()), "x", "boom"],
    pipe: [z.string().pipe(picky()), "x", "boom"],
    "transform, then pipe": [z.string().transform(make).pipe(z.string()), "x", "boom"],
    custom: [z.custom(check), "x", "boom"],
    optional: [picky().optional(), "x", "boom"],
    nullable: [picky().nullable(), "x", "boom"],
    object: [z.object({ a: picky(), b: picky() }), { a: "x", b: "x" }, { a: "boom", b: "boom" }],
    "object with more": [
      z.object({ a: picky() }).extend({ b: z.number() }),
      { a: "x", b: 1 },
      { a: "boom", b: 1 },
    ],
    strict: [z.object({ a: picky() }).strict(), { a: "x" }, { a: "boom" }],
    partial: [z.object({ a: picky() }).partial(), {}, { a: "boom" }],
    catchall: [z.object({}).catchall(picky()), { a: "x" }, { a: "boom", b: "boom" }],
    "refined object": [z.object({ a: z.string() }).refine(({ a }) => check(a)), { a: "x" }, { a: "boom" }],
    array: [z.array(picky()), ["x"], ["x", "boom", "boom"]],
    tuple: [z.tuple([picky(), z.number()]), ["x", 1], ["boom", 1]],
    record: [z.record(z.string(), picky()), { a: "x" }, { a: "boom", b: "boom" }],
    "keys of a record": [z.record(picky(), z.number()), { a: 1 }, { boom: 1 }],
    union: [z.union([picky(), z.string()]), "x", "boom"],
    "union, the last of it": [z.union([z.number(), picky()]), "x", "boom"],
    "discriminated union": [
      z.discriminatedUnion("k", [
        z.object({ k: z.literal("a"), a: picky() }),
        z.object({ k: z.literal("b") }),
      ]),
      { k: "a", a: "x" },
      { k: "a", a: "boom" },
    ],
    intersection: [
      z.intersection(z.object({ a: picky() }), z.object({ b: picky() })),
      { a: "x", b: "x" },
      { a: "boom", b: "boom" },
    ],
    lazy: [z.lazy(() => z.object({ a: picky() })), { a: "x" }, { a: "boom" }],
    "lazy in an array": [z.array(z.lazy(picky)), ["x"], ["boom"]],
    "lazy that contains itself": [
      (function tree() {
        const node = z.object({ a: picky(), b: z.lazy(() => node).optional() });
        return node;
      })(),
      { a: "x", b: { a: "x" } },
      { a: "x", b: { a: "boom" } },
    ],
    // In arrays, since a room with a schema that shows itself asynchronous for nothing at all is refused.
    default: [z.array(z.object({ a: z.string().default(reject) })), [{ a: "x" }], [{}]],
    catch: [z.array(z.string().catch(reject)), ["x"], [1]],
    readonly: [z.object({ a: picky() }).readonly(), { a: "x" }, { a: "boom" }],
    "branded and described": [picky().brand("Id").describe("text"), "x", "boom"],
    "inside what transform gives": [z.string().transform(within), "x", "boom"],
    "inside what preprocess gives": [z.preprocess(within, z.any()), "x", "boom"],
    "inside what a transform gives, beside a mistake": [
      z.array(z.object({ a: z.string().transform(within), b: z.number() })),
      [{ a: "x", b: 1 }],
      [{ a: "boom", b: "no number" }],
    ],
    "inside what a transform gives, and dropped": [
      z.string().transform(within).pipe(z.object({}).or(z.string())),
      "x",
      "boom",
    ],
    "the message of an issue": [adds(() => ({ message: reject() })), "x", "boom"],
    "the params of an issue": [adds(() => ({ message: "m", params: { p: [reject()] } })), "x", "boom"],
    "the path of an issue": [adds(() => ({ message: "m", path: ["a", reject()] })), "x", "boom"],
    "the message of a transform's issue": [
      z.string().transform((value, context) => {
        if (value === "boom") context.addIssue({ code: "custom", message: reject() });
        return value;
      }),
      "x",
      "boom",
    ],
    "an issue of a branch that is dropped": [
      z.union([adds(() => ({ message: reject() })), z.string()]),
      "x",
      "boom",
    ],
  };
  if (!isFour) return table;
  return {
    ...table,
    "a promise within": [z.object({ a: z.promise(picky()).optional() }), {}, { a: "boom" }],
    check: [z.string().check(({ value }) => check(value)), "x", "boom"],
    "check of another library": [
      z.string().check({
        _zod: { def: { check: "theirs" }, onattach: [], check: ({ value }) => check(value) },
      }),
      "x",
      "boom",
    ],
    overwrite: [z.string().overwrite(make), "x", "boom"],
    prefault: [z.array(z.object({ a: z.string().prefault(reject) })), [{ a: "x" }], [{}]],
    message: [z.array(z.string({ error: reject })), ["x"], [1]],
    "inside a message": [z.array(z.string({ error: () => ({ message: reject() }) })), ["x"], [1]],
    "an issue that check pushes": [
      z.string().check((payload) => {
        if (payload.value !== "boom") return;
        payload.issues.push({ code: "custom", message: reject(), input: payload.value });
      }),
      "x",
      "boom",
    ],
    "a field made by a getter": [
      z.object({
        get a() {
          return z.array(picky());
        },
      }),
      { a: ["x"] },
      { a: ["boom"] },
    ],
    ...(z.codec && {
      codec: [z.codec(z.string(), z.string(), { decode: make, encode: make }), "x", "boom"],
      "codec in an object": [
        z.object({ a: z.codec(z.string(), z.string(), { decode: make, encode: make }) }),
        { a: "x" },
        { a: "boom" },
      ],
    }),
  };
}

class Holder {
  constructor(held) {
    this.held = held;
  }
}
function cycle(held) {
  const value = { held };
  value.self = value;
  value.again = [value, value];
  return value;
}

/** Schemas of other libraries. */
function ofOthers(reject) {
  const standard = (validate) => ({ "~standard": { version: 1, vendor: "test", validate } });
  const foreign = runInContext("(reject) => new Promise((_, no) => reject().catch(no))", createContext({}));
  // biome-ignore lint/suspicious/noThenProperty: it is a promise of another library.
  const thenable = () => ({ then: (resolve, no) => void reject().then(resolve, no) });
  const gives = (value) => standard((data) => (data === "boom" ? value() : { value: data }));
  const check = (value) => (value === "boom" ? reject() : true);
  return {
    "a check of Valibot": [v.pipe(v.string(), v.check(check)), "x", "boom"],
    "a check of Valibot within": [
      v.object({ a: v.optional(v.pipe(v.string(), v.check(check))) }),
      { a: "x" },
      { a: "boom" },
    ],
    "a transform of Valibot": [
      v.pipe(
        v.string(),
        v.transform((value) => (value === "boom" ? reject() : value)),
      ),
      "x",
      "boom",
    ],
    "an asynchronous schema of Valibot": [
      v.lazy((value) => (value === "boom" ? v.pipeAsync(v.string(), v.checkAsync(check)) : v.string())),
      "x",
      "boom",
    ],
    "a promise": [gives(reject), "x", "boom"],
    "a promise of another realm": [gives(() => foreign(reject)), "x", "boom"],
    "a thenable": [gives(thenable), "x", "boom"],
    "a promise as value": [gives(() => ({ value: reject() })), "x", "boom"],
    "a thenable as value": [gives(() => ({ value: thenable() })), "x", "boom"],
    "inside a transform's value of Valibot": [
      v.pipe(
        v.string(),
        v.transform((value) => (value === "boom" ? { a: reject() } : value)),
      ),
      "x",
      "boom",
    ],
    "an issue of Valibot": [
      v.pipe(
        v.string(),
        v.rawCheck(({ dataset, addIssue }) => {
          if (dataset.value === "boom") addIssue({ message: reject() });
        }),
      ),
      "x",
      "boom",
    ],
    "a promise inside the value": [gives(() => ({ value: { a: [reject()], b: reject() } })), "x", "boom"],
    "a thenable inside the value": [gives(() => ({ value: { a: [thenable()] } })), "x", "boom"],
    "a promise of another realm inside the value": [gives(() => ({ value: [foreign(reject)] })), "x", "boom"],
    "promises in a Map and a Set": [
      gives(() => ({ value: { a: new Map([["k", reject()]]), b: new Set([reject()]) } })),
      "x",
      "boom",
    ],
    "a promise in an object of a class": [gives(() => ({ value: new Holder(reject()) })), "x", "boom"],
    "a promise beside a cycle": [gives(() => ({ value: cycle(reject()) })), "x", "boom"],
    "a promise of a getter": [
      gives(() => ({
        value: {
          get a() {
            return reject();
          },
        },
      })),
      "x",
      "boom",
    ],
    "a promise beside a getter that throws": [
      gives(() => ({
        value: {
          get a() {
            throw new Error(SECRET);
          },
          b: reject(),
        },
      })),
      "x",
      "boom",
    ],
    "a promise as issues": [gives(() => ({ issues: reject() })), "x", "boom"],
    "a promise as an issue": [gives(() => ({ issues: [reject(), reject()] })), "x", "boom"],
    "a promise as a message": [gives(() => ({ issues: [{ message: reject() }] })), "x", "boom"],
    "a thenable as a message": [gives(() => ({ issues: [{ message: thenable() }] })), "x", "boom"],
    "a promise as a path": [gives(() => ({ issues: [{ message: "m", path: reject() }] })), "x", "boom"],
    "a promise in a path": [gives(() => ({ issues: [{ message: "m", path: [reject()] }] })), "x", "boom"],
    "a promise as a key of a path": [
      gives(() => ({ issues: [{ message: "m", path: [{ key: reject() }] }] })),
      "x",
      "boom",
    ],
    nothing: [gives(() => undefined), "x", "boom"],
    "neither value nor issues": [gives(() => ({})), "x", "boom"],
  };
}

const events = [];
const payloads = [];
for (const [way, reject] of Object.entries(WAYS)) {
  for (const [name, [schema, accepted, asynchronous]] of Object.entries({
    ...ofZod(reject),
    ...ofOthers(reject),
  })) {
    events.push(defineEvent(`${name}, ${way}`, { schema }));
    payloads.push([accepted, asynchronous]);
  }
}
const faults = [];
const quiet = () => {};
const logger = { debug: quiet, info: quiet, warn: quiet, error: ({ message }) => faults.push(message) };
const dialogue = createDialogue({
  port: 0,
  host: "127.0.0.1",
  logger,
  rooms: { chat: { name: "Chat", events, defaultSubscriptions: [] } },
  limits: { rate: false },
});
await dialogue.start();
const socket = io(`http://127.0.0.1:${dialogue.port}`, { transports: ["websocket"], reconnection: false });
await new Promise((resolve) => socket.once("dialogue:connected", resolve));
await socket.emitWithAck("dialogue:join", { roomId: "chat" });

const answers = {};
for (const [index, { name }] of events.entries()) {
  const said = [];
  // Twice: the second time the program was warned already.
  for (const data of [...payloads[index], payloads[index][1]]) {
    const { ok, message } = await socket.emitWithAck("dialogue:trigger", {
      roomId: "chat",
      event: name,
      data,
    });
    const own = dialogue.trigger("chat", events[index], data);
    said.push([ok ? "ok" : message, own.isOk ? "ok" : own.error]);
  }
  answers[name] = said;
}
socket.disconnect();
await dialogue.stop();
// What was still to reject has rejected by then.
await new Promise((resolve) => setTimeout(resolve, 50));
console.log(JSON.stringify({ answers, faults }));
