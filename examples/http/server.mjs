// Static files and Server-Sent Events, on the port that the sockets use. PORT=0 node examples/http/server.mjs
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { createDialogue } from "dialogue-rs";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";

const files = fileURLToPath(new URL("../chat/public/", import.meta.url));
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css" };

const app = new Hono();

// How many are in the lobby, told whenever that changes.
app.get("/lobby", (c) =>
  streamSSE(c, async (stream) => {
    let told = -1;
    while (!stream.aborted) {
      const size = dialogue.room("lobby").size();
      if (size !== told) await stream.writeSSE({ event: "size", data: String(size) });
      told = size;
      await stream.sleep(100);
    }
  }),
);

// A file goes out as it is read: a large one takes no more memory than a small one.
app.get("/files/*", async (c) => {
  const path = normalize(decodeURIComponent(c.req.path.slice("/files/".length)));
  if (path.startsWith("..")) return c.notFound();
  const file = join(files, path);
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) return c.notFound();
  return new Response(Readable.toWeb(createReadStream(file)), {
    headers: {
      "content-type": types[extname(file)] ?? "application/octet-stream",
      "content-length": String(found.size),
    },
  });
});

const dialogue = createDialogue({
  port: Number(process.env.PORT ?? 3000),
  app,
  rooms: { lobby: { name: "Lobby", events: [{ name: "*" }] } },
});

await dialogue.start();
process.once("SIGTERM", () => dialogue.stop());
