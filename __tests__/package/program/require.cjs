const { createDialogue, createSilentLogger, DialogueError } = require("dialogue-rs");
const { io } = require("socket.io-client");

const dialogue = createDialogue({ port: 0, host: "127.0.0.1", rooms: {}, logger: createSilentLogger() });

async function main() {
  const imported = await import("dialogue-rs");
  if (imported.DialogueError !== DialogueError) throw new Error("two classes of one name");
  await dialogue.start();
  const socket = io(`http://127.0.0.1:${dialogue.port}`, { transports: ["polling"] });
  await new Promise((resolve) => socket.once("dialogue:connected", resolve));
  socket.close();
  await dialogue.stop();
  console.log("a client was connected");
}

main();
