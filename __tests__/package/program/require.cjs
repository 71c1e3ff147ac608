const { createDialogue, createSilentLogger, DialogueError } = require("dialogue-rs");
const client = require("dialogue-rs/client");
const { io } = require("socket.io-client");

const dialogue = createDialogue({ port: 0, host: "127.0.0.1", rooms: {}, logger: createSilentLogger() });

async function main() {
  const imported = await import("dialogue-rs");
  if (imported.DialogueError !== DialogueError) throw new Error("two classes of one name");
  if (client.DialogueError !== DialogueError) throw new Error("the client's is another");
  await dialogue.start();
  const socket = io(`http://127.0.0.1:${dialogue.port}`, { transports: ["polling"] });
  await new Promise((resolve) => socket.once("dialogue:connected", resolve));
  socket.close();
  await dialogue.stop();
  console.log("a client was connected");
}

main();
