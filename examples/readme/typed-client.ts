import { createDialogueClient } from "dialogue-rs/client";
import type { dialogue } from "./typed.js"; // the type only: the page contains no server code

const client = createDialogueClient<typeof dialogue>({
  url: globalThis.process?.env.URL ?? "http://localhost:3000",
});

const lobby = await client.join("lobby");
const said = await lobby.trigger("message", { text: "hi" }); // checked by the server's schema
const [latest] = await lobby.getHistory("message", 0, 1);
console.log(said.isOk, latest?.data.text); // `data` is { text: string; tags: string[] }

// @ts-expect-error: the lobby has no such event
lobby.on("typing", () => {});

client.disconnect();
