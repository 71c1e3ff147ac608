// A client in every state that it can be left in: after disconnect() nothing keeps this process. Says { ended: true } last; URL is a
// server with a room `chat`, NOBODY one that does not answer.
import { createDialogueClient } from "dialogue-rs/client";

const { URL: url, NOBODY: nobody } = process.env;
const ignore = () => {};

// Connected, with a room; requests under way when it ends.
const talking = createDialogueClient({ url, auth: async () => ({ userId: "ada" }) });
const room = await talking.join("chat");
room.on("message", ignore);
room.onAny(ignore);
room.onClosed(ignore);
if ((await room.trigger("message", 1)).isErr) throw new Error("not accepted");
room.trigger("message", 2);
talking.listRooms().catch(ignore);
talking.disconnect();

// Connected again after that.
await talking.connect();
talking.disconnect();

// Connecting: to a server, and to nobody for the second time.
createDialogueClient({ url }).disconnect();
const trying = createDialogueClient({ url: nobody, timeout: 60_000 });
trying.listRooms().catch(ignore);
await new Promise((resolve) => trying.onError(resolve));
trying.disconnect();

// Waiting for an `auth` that never settles.
createDialogueClient({ url, timeout: 60_000, auth: () => new Promise(ignore) }).disconnect();

// Never connected.
createDialogueClient({ url, autoConnect: false });

console.log(JSON.stringify({ ended: true }));
