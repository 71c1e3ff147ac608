// Echoes every `echo` through a JavaScript listener of `dialogue-rs/socket.io`. With --package=URL: of the build at that place.
import { say } from "../program.mjs";

const given = process.argv.find((argument) => argument.startsWith("--package="));
const { Server } = await import(given?.slice("--package=".length) ?? "dialogue-rs/socket.io");
const io = new Server(0, { serveClient: false });
io.on("connection", (socket) => socket.on("echo", (value) => socket.emit("echo", value)));
const address = () => io.httpServer?.address();
while (!address()) await new Promise((resolve) => setTimeout(resolve, 10));
say({ port: address().port });
