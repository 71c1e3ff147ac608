// An app whose answers are large, and a room that says large things. It tells its process id, for its memory to be looked at.
import { createDialogue, createSilentLogger } from "dialogue-rs";
import { Hono } from "hono";

const app = new Hono();
const piece = Buffer.alloc(64 * 1024, "x");

app.get("/small", (c) => c.text("small"));
// One text for all requests: what the runtime has not collected yet of one for each would be measured too.
const texts = new Map();
app.get("/whole/:bytes", (c) => {
  const bytes = c.req.param("bytes");
  if (!texts.has(bytes)) texts.set(bytes, "w".repeat(Number(bytes)));
  return c.text(texts.get(bytes));
});
app.get("/bytes/:bytes", (c) => new Response(new Uint8Array(Number(c.req.param("bytes")))));
app.get("/endless", () => {
  const body = new ReadableStream({ pull: (controller) => controller.enqueue(piece) }, { highWaterMark: 0 });
  return new Response(body);
});
app.get("/say/:bytes", (c) => {
  dialogue.trigger("chat", { name: "message" }, "s".repeat(Number(c.req.param("bytes"))));
  return c.json({ members: dialogue.room("chat").size() });
});

const dialogue = createDialogue({
  port: 0,
  host: "127.0.0.1",
  rooms: { chat: { name: "Chat", events: [{ name: "message" }], defaultSubscriptions: ["*"] } },
  app,
  logger: createSilentLogger(),
  limits: JSON.parse(process.env.LIMITS ?? "{}"),
});
await dialogue.start();
console.log(JSON.stringify({ port: dialogue.port, pid: process.pid }));
