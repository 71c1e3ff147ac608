// The package in worker threads: each has a server of its own; one is stopped, one is terminated while it serves.
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { createDialogue, createSilentLogger } from "dialogue-rs";
import { io } from "socket.io-client";

if (isMainThread) {
  const served = async () => {
    const worker = new Worker(new URL(import.meta.url));
    const port = await new Promise((resolve, reject) =>
      worker.once("message", resolve).once("error", reject),
    );
    const client = io(`http://127.0.0.1:${port}`, { transports: ["websocket"], reconnection: false });
    await new Promise((resolve, reject) => client.once("greeting", resolve).once("connect_error", reject));
    return { worker, client };
  };
  const gone = (client) => new Promise((resolve) => client.once("disconnect", resolve));
  const [one, two] = [await served(), await served()];
  const [first, second] = [gone(one.client), gone(two.client)];
  one.worker.postMessage("stop");
  await new Promise((resolve) => one.worker.once("exit", resolve));
  await first;
  await two.worker.terminate();
  await second;
  console.log(JSON.stringify({ done: true }));
} else {
  const dialogue = createDialogue({ port: 0, host: "127.0.0.1", rooms: {}, logger: createSilentLogger() });
  dialogue.io.on("connection", (socket) => socket.emit("greeting"));
  await dialogue.start();
  parentPort.once("message", () => dialogue.stop().then(() => parentPort.close()));
  parentPort.postMessage(dialogue.port);
}
