// An app that looks at what fetch gives it and makes answers in every way: served by dialogue-rs, and by the peers it is compared with.
import { Hono } from "hono";
import { compress } from "hono/compress";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";

const app = new Hono();
/** The runtime's own, also where the global one is replaced afterwards: libraries take it when they are loaded. */
const Taken = Response;
const header = (name) => ({ headers: { [name]: "1" } });

/** What an action throws or rejects with: its class alone, since every runtime has words of its own. */
async function outcome(action) {
  try {
    return await action();
  } catch (error) {
    return `${error.constructor.name}`;
  }
}

app.all("/url", (c) => {
  const { host, pathname, search } = new URL(c.req.url);
  return c.json([c.req.method, host, pathname, search]);
});
app.all("/url/*", (c) => {
  const { host, pathname, search } = new URL(c.req.url);
  return c.json([c.req.method, host, pathname, search]);
});
app.get("/header/:name", (c) => c.json(c.req.header(c.req.param("name")) ?? null));
app.get("/headers", (c) => c.json([...c.req.raw.headers].filter(([name]) => /^(x-|cookie)/.test(name))));

// ---------------------------------------------------------------- answers
const bytesOf = (text) => new TextEncoder().encode(text);

/** An answer whose stream gives these pieces: at once, or each in a turn of its own. */
function pieces(isSlow, ...values) {
  const body = new ReadableStream({
    async start(controller) {
      for (const value of values) {
        controller.enqueue(value);
        if (isSlow) await new Promise(setImmediate);
      }
      controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/plain" } });
}

/** A stream that has one buffer, filled again for each piece. */
function fillsAgain() {
  const buffer = new Uint8Array(4);
  let piece = 0;
  const pull = (controller) => {
    if (piece++ === 4) return controller.close();
    controller.enqueue(buffer.fill(64 + piece));
  };
  return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), {
    headers: { "content-type": "text/plain" },
  });
}

const answers = {
  "latin-1": () => new Response("x", { headers: { "x-name": "M\u00fcnchen\u00ff" } }),
  "latin-1 in Headers": () => new Response("x", { headers: new Headers({ "x-name": "M\u00fcnchen" }) }),
  text: () => new Response("text"),
  "an empty text": () => new Response(""),
  nothing: () => new Response(),
  bytes: () => new Response(new Uint8Array([104, 105])),
  "a part of bytes": () => new Response(new Uint8Array([1, 104, 105, 2]).subarray(1, 3)),
  "a DataView": () => new Response(new DataView(new Uint8Array([1, 104, 105, 2]).buffer, 1, 2)),
  "a number": () => new Response(7),
  "a header whose name ends in content-type": () => new Response("x", header("x-content-type")),
  "a header whose value is content-type": () => new Response("x", { headers: { vary: "content-type" } }),
  "a type of its own": () => new Response("x", { headers: { "Content-Type": "text/css" } }),
  "a type of its own, in a list": () => new Response("x", { headers: [["content-type", "text/css"]] }),
  "a type of its own, in Headers": () =>
    new Response("x", { headers: new Headers({ "content-type": "text/css" }) }),
  "headers of numbers": () => new Response("x", { headers: { "x-n": 1 } }),
  "headers with spaces around": () => new Response("x", { headers: { "x-n": "  a b\t" } }),
  "an empty header": () => new Response("x", { headers: { "x-n": "", "x-m": "1" } }),
  "the same header twice": () =>
    new Response("x", {
      headers: [
        ["x-n", "1"],
        ["x-n", "2"],
      ],
    }),
  cookies: () =>
    new Response("x", {
      headers: [
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT"],
      ],
    }),
  json: () => Response.json({ a: ["\u00e4"] }, { status: 201, headers: { "x-a": "1" } }),
  "json of its own type": () =>
    Response.json([], { headers: { "content-type": "application/problem+json" } }),
  "Hono's json": (c) => c.json({ a: 1 }, 202, { "x-a": "1" }),
  "Hono's text with a header": (c) => c.text("x", 200, { "x-a": "1" }),
  "Hono's html": (c) => c.html("<b>x</b>"),
  "Hono's redirect": (c) => c.redirect("/elsewhere", 303),
  "Hono's not found": (c) => c.notFound(),
  redirect: () => Response.redirect("http://127.0.0.1/elsewhere", 307),
  204: () => new Response(null, { status: 204 }),
  "304 with a length": () =>
    new Response(null, { status: 304, headers: { "content-length": "1234", etag: '"a"' } }),
  "a status without a body": () => new Response(null, { status: 404 }),
  "a length of its own": () => new Response("abc", { headers: { "content-length": "3" } }),
  "headers changed afterwards": () => {
    const response = new Response("x", { headers: { "x-a": "1", "x-b": "1" } });
    response.headers.set("x-a", "2");
    response.headers.delete("x-b");
    response.headers.append("x-c", "\u00fc");
    return response;
  },
  "headers changed behind a clone": () => {
    const response = new Response("x", { headers: { "x-a": "1" } });
    const { headers } = response;
    response.clone();
    headers.set("x-a", "2");
    return response;
  },
  "a clone of what was changed": () => {
    const response = new Response("x", { headers: { "x-a": "1" } });
    response.headers.set("x-a", "2");
    return response.clone();
  },
  "a response made of one": () => {
    const response = new Response("x", { status: 203, headers: { "x-a": "1" } });
    response.headers.set("x-a", "2");
    return new Response(response.body, response);
  },
  "a response's status and headers": () =>
    new Response(
      "y",
      new Response("x", { status: 203, headers: { "x-a": "1", "content-type": "text/css" } }),
    ),
  "a class of one's own": () => {
    class Greeting extends Response {
      constructor() {
        super("hello", header("x-greeting"));
      }
    }
    return new Greeting();
  },
  "a promise": async () => new Response("later"),
  "a stream": () => new Response(new Blob(["streamed"]).stream()),
  "a stream with a header": () => new Response(new Blob(["streamed"]).stream(), header("x-a")),
  "a stream of a text": () => pieces(false, "\u00e4"),
  "a stream of texts": () => pieces(false, "a", "b", "", "c"),
  "a stream of slow texts": () => pieces(true, "\u00e4", "b"),
  "a stream of texts and bytes": () => pieces(true, "a", bytesOf("b"), "c"),
  "a stream of bytes and texts": () => pieces(false, bytesOf("a"), "b"),
  "a stream of a buffer": () => pieces(false, bytesOf("ab").buffer),
  "a stream of buffers": () => pieces(true, bytesOf("ab").buffer, bytesOf("cd").buffer),
  "a stream of views": () =>
    pieces(false, new Uint16Array([0x4241]), new DataView(bytesOf("xyz").buffer, 1, 1)),
  "a stream that fills its buffer again": () => fillsAgain(),
  "a text of a Response taken before": () => new Taken("<b>x</b>"),
  "a long text of a Response taken before": () => new Taken("\u00e4".repeat(50_000)),
  "bytes of a Response taken before": () => new Taken(new Uint8Array([0, 255, 1])),
  "an exception": () => new HTTPException(400, { message: "<b>x</b>" }).getResponse(),
  "an exception's response, made anew": () => {
    throw new HTTPException(401, { res: new Response("<b>x</b>", header("x-a")) });
  },
  "a String": () => new Response(new String("<b>x</b>")),
  "an object": () => new Response({}),
  "headers that differ in letters": () => new Response("x", { headers: { "X-A": "1", "x-a": "2" } }),
  "nothing as json": () => Response.json(),
  "json that counts": () => {
    let calls = 0;
    const response = Response.json({ toJSON: () => ++calls }, { status: 202 });
    return new Response(`${calls}`, response);
  },
  "205 with a text": () => new Response("x", { status: 205 }),
  "a form": () => new Response(new URLSearchParams("a=b")),
  "what was read": async () => {
    const response = new Response("read");
    await response.text();
    return response;
  },
  "what was read, made anew": async () => {
    const response = new Response("read", header("x-a"));
    return new Response(`${await response.text()} again`, response);
  },
  "what fetch gave": async (c) => {
    const fetched = await fetch(new URL("/answers/text", c.req.url));
    return new Response(fetched.body, { status: fetched.status, headers: { "x-a": "1" } });
  },
};
export const ANSWERS = Object.keys(answers);
app.get("/answers/:name", (c) => answers[c.req.param("name")](c));

// ---------------------------------------------------------------- what is copied
const shared = { headers: { "x-user": "nobody" }, status: 200 };
const preset = new Headers({ "x-preset": "1" });
const scratch = new Uint8Array(2);
const behind = {
  record: () => {
    shared.headers["x-user"] = "ann";
    const response = new Response("for ann", shared);
    shared.headers["x-user"] = "ben";
    shared.status = 500;
    return response;
  },
  headers: () => {
    const response = new Response("x", { headers: preset });
    preset.set("x-preset", "2");
    return response;
  },
  preset: () => {
    const headers = new Headers({ "x-preset": "1" });
    const response = new Response("x", { headers });
    response.headers.append("set-cookie", "a=1");
    return new Response(String(headers.get("set-cookie")));
  },
  bytes: () => {
    scratch.fill(97);
    const response = new Response(scratch);
    scratch.fill(98);
    return response;
  },
};
export const COPIED = Object.keys(behind);
app.get("/copied/:name", (c) => behind[c.req.param("name")](c));

// ---------------------------------------------------------------- what is refused at once
const refused = {
  "a status that is none": () => new Response("x", { status: 99 }),
  "a status of another protocol": () => new Response("x", { status: 600 }),
  "a header's name": () => new Response("x", header("a b")),
  "a header's value": () => new Response("x", { headers: { a: "b\nc" } }),
  "a header beyond bytes": () => new Response("x", { headers: { a: "\u0100" } }),
  "no init": () => new Response("x", 5),
  "no json": () => Response.json(undefined),
  "a call": () => Response("x"),
};
export const REFUSED = Object.keys(refused);
app.get("/refused/:name", async (c) => {
  const make = refused[c.req.param("name")];
  return new Response(String(await outcome(() => typeof make())));
});

// ---------------------------------------------------------------- what is done with a request
const done = {
  "read twice": async ({ raw }) => [await raw.text(), raw.bodyUsed, await outcome(() => raw.text())],
  "not read": ({ raw }) => [raw.bodyUsed, raw.body !== null],
  "cloned and read": async ({ raw }) => [await raw.clone().text(), raw.bodyUsed, await raw.text()],
  "cloned after it was read": async ({ raw }) => [await raw.text(), await outcome(() => raw.clone())],
  "no json": ({ raw }) => outcome(() => raw.json()),
  "set, cloned": ({ raw }) => {
    raw.headers.set("x-set", "1");
    return raw.clone().headers.get("x-set");
  },
  "read, set, cloned": async ({ raw }) => {
    await raw.clone().text();
    raw.headers.set("x-set", "1");
    return raw.clone().headers.get("x-set");
  },
  "read, set, made anew": async ({ raw }) => {
    await raw.clone().text();
    raw.headers.set("x-set", "1");
    const made = new Request(raw);
    return [made.headers.get("x-set"), made.method, await made.text()];
  },
  "made anew elsewhere": async ({ raw }) => {
    raw.headers.set("x-set", "1");
    const made = new Request("http://elsewhere.example/", raw);
    return [made.url, made.headers.get("x-set"), made.method, await made.text()];
  },
  "made anew with other headers": async ({ raw }) => {
    const made = new Request(raw, { headers: { "x-set": "2" } });
    return [made.headers.get("x-set"), await made.text()];
  },
  "a type set before it is read": async ({ raw }) => {
    raw.headers.set("content-type", "text/css");
    return (await raw.blob()).type;
  },
  "read as a form": async ({ raw }) => {
    raw.headers.set("content-type", "application/x-www-form-urlencoded");
    return [...(await raw.formData())];
  },
  headers: ({ raw }) => {
    const { headers } = raw;
    return [raw.headers === headers, headers instanceof Headers];
  },
  "a class": ({ raw }) => [
    raw instanceof Request,
    raw.constructor === Request,
    raw.constructor.name,
    Object.prototype.toString.call(raw),
    Object.keys(raw),
    JSON.stringify(raw),
  ],
  "bytes of a body": async ({ raw }) => [...new Uint8Array(await raw.arrayBuffer())],
  "read as a stream": async ({ raw }) => {
    let length = 0;
    for await (const piece of raw.body) length += piece.length;
    return [length, raw.bodyUsed];
  },
  "cancelled as a stream": async ({ raw }) => {
    await raw.body.cancel();
    return raw.bodyUsed;
  },
};
export const DONE = Object.keys(done);
app.post("/done/:name", async (c) => c.json((await done[c.req.param("name")](c.req)) ?? null));

const through = new Hono();
through.use(cors(), compress());
through.get("/cookie", () => {
  const response = new Response("hello", { headers: { "Content-Type": "text/plain" } });
  response.headers.append("Set-Cookie", "s=1");
  return response;
});
app.route("/through", through);

app.onError((error) => error.getResponse?.() ?? new Response(error.constructor.name, { status: 500 }));

export const fetchApp = { fetch: app.fetch };
