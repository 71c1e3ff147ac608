// A chat in the browser: open it in two tabs. `npm start` runs this; PORT and HOST may be set.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { createDialogue, defineEvent, Err, Ok, signJwt } from "dialogue-rs";
import { Hono } from "hono";
import { z } from "zod";

const Message = defineEvent("message", {
  schema: z.object({ text: z.string().trim().min(1).max(2000) }),
  history: { enabled: true, limit: 500 },
});
const Typing = defineEvent("typing", { schema: z.object({}) });
// Who is in the room, said by the server whenever that changes.
const Here = defineEvent("here", { schema: z.object({ names: z.array(z.string()) }) });

const talk = { events: [Message, Typing, Here], defaultSubscriptions: ["*"], maxSize: 100 };
const rooms = {
  lobby: { ...talk, name: "Lobby", description: "Everyone starts here" },
  garden: { ...talk, name: "Garden", description: "For slower talk" },
  workshop: { ...talk, name: "Workshop", description: "What are you building?" },
};

const app = new Hono();

// A name belongs to the first tab that asks for it, known by a key, until the server stops. A program with accounts would
// ask for a password here.
const secret = randomBytes(32);
const owners = new Map();
const SignIn = z.object({
  // Nothing invisible, and one separator at a time: "Ada  L" would look like "Ada L".
  name: z
    .string()
    .trim()
    .max(40)
    .regex(/^[\p{L}\p{M}\p{N}]+([ ._'-][\p{L}\p{M}\p{N}]+)*$/u),
  key: z.string().min(16).max(100),
});
app.post("/sign-in", async (c) => {
  const asked = SignIn.safeParse(await c.req.json().catch(() => undefined));
  if (!asked.success) return c.json({ message: "A name is up to 40 letters and digits" }, 400);
  const { name, key } = asked.data;
  if ((owners.get(name) ?? key) !== key) return c.json({ message: `Somebody else is ${name}` }, 409);
  if (owners.size >= 10_000 && !owners.has(name))
    return c.json({ message: "There are no more names today" }, 503);
  owners.set(name, key);
  return c.json({ token: signJwt({ sub: name }, secret, { expiresIn: "15m" }) });
});

// The page, and what its import map names: the client library and socket.io-client, as they are installed.
const folders = {
  "/dialogue-rs/": new URL("../", import.meta.resolve("dialogue-rs/client")),
  "/socket.io-client/": new URL("./dist/", import.meta.resolve("socket.io-client/package.json")),
  "/": new URL("./public/", import.meta.url),
};
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css" };
for (const [prefix, folder] of Object.entries(folders)) {
  app.get(`${prefix}:path{.*}`, async (c) => {
    const file = new URL(c.req.param("path") || "index.html", folder);
    const type = types[extname(file.pathname)];
    if (!file.href.startsWith(folder.href) || type === undefined) return c.notFound();
    const text = await readFile(file, "utf8").catch(() => undefined);
    return text === undefined ? c.notFound() : c.body(text, 200, { "content-type": type });
  });
}

const tellWhoIsHere = (_client, roomId) => {
  const room = dialogue.room(roomId);
  const names = room?.participants().map((client) => client.userId);
  room?.trigger(Here, { names: [...new Set(names)].sort() });
};

const dialogue = createDialogue({
  port: Number(process.env.PORT ?? 3000),
  host: process.env.HOST ?? "127.0.0.1",
  app,
  rooms,
  jwt: { secret },
  limits: { clientRooms: { max: 3, ...talk } },
  hooks: {
    clients: { onJoined: tellWhoIsHere, onLeft: tellWhoIsHere },
    events: {
      beforeEach: ({ message, from }) =>
        message.event === Here.name && from !== "system"
          ? Err("Only the server says who is here")
          : Ok(message),
    },
  },
});

try {
  await dialogue.start();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
const host = (process.env.HOST ?? "127.0.0.1").replace("0.0.0.0", "localhost");
console.log(`Open http://${host}:${dialogue.port}/ in two tabs. Ctrl-C stops the server.`);

// stop() closes what is open; nothing then keeps the process alive.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => dialogue.stop());
