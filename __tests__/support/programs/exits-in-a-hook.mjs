import { createDialogue, createSilentLogger } from "dialogue-rs";

const dialogue = createDialogue({
  port: 0,
  host: "127.0.0.1",
  logger: createSilentLogger(),
  rooms: {},
  hooks: { clients: { onConnected: () => process.exit(7) } },
});
await dialogue.start();
console.log(JSON.stringify({ port: dialogue.port }));
