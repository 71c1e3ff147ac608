// Creates a server and a room, triggers in it, and never starts: nothing keeps this process alive.
import { createDialogue } from "dialogue-rs";

const dialogue = createDialogue({
  port: 0,
  host: "127.0.0.1",
  rooms: { chat: { name: "Chat", events: [{ name: "message" }] } },
});
if (!dialogue.trigger("chat", { name: "message" }, 1).isOk) throw new Error("the trigger was refused");
