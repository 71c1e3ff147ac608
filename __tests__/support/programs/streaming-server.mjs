// An app that reads uploads and writes downloads as streams, and says how much memory it takes.
import { createDialogue, createSilentLogger } from "dialogue-rs";
import { Hono } from "hono";

const app = new Hono();
const piece = Buffer.alloc(64 * 1024, "x");

app.post("/upload", async (c) => {
  let bytes = 0;
  for await (const chunk of c.req.raw.body) bytes += chunk.length;
  return c.json({ bytes });
});

app.get("/download/:bytes", (c) => {
  let left = Number(c.req.param("bytes"));
  const body = new ReadableStream(
    {
      pull(controller) {
        const next = left >= piece.length ? piece : piece.subarray(0, left);
        left -= next.length;
        if (next.length > 0) controller.enqueue(next);
        else controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { "content-type": "application/octet-stream" } });
});

const dialogue = createDialogue({
  port: 0,
  host: "127.0.0.1",
  rooms: {},
  app,
  logger: createSilentLogger(),
  limits: { httpBody: 2 ** 31 },
});
await dialogue.start();
console.log(JSON.stringify({ port: dialogue.port, pid: process.pid }));
