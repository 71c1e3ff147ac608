// An app that reads what is sent to it slowly, or not at all. It tells its process id, for its memory to be looked at.
import { createDialogue, createSilentLogger } from "dialogue-rs";
import { Hono } from "hono";

const app = new Hono();
let [begun, open] = [0, () => {}];
const opened = new Promise((resolve) => {
  open = resolve;
});

app.get("/begun", (c) => c.text(String(begun)));
app.get("/open", (c) => {
  open();
  return c.text("open");
});
app.post("/unread", async (c) => {
  begun++;
  await opened;
  return c.text("unread");
});
// A piece, then nothing until it may go on.
app.post("/slow", async (c) => {
  let bytes = 0;
  for await (const piece of c.req.raw.body) {
    if (bytes === 0) {
      begun++;
      await opened;
    }
    bytes += piece.length;
  }
  return c.text(String(bytes));
});

const dialogue = createDialogue({ port: 0, host: "127.0.0.1", rooms: {}, app, logger: createSilentLogger() });
await dialogue.start();
console.log(JSON.stringify({ port: dialogue.port, pid: process.pid }));
