// Echoes every `echo` through a JavaScript listener of npm's socket.io.
import { createServer } from "node:http";
import { Server } from "socket.io";
import { say } from "../program.mjs";

const http = createServer();
const io = new Server(http, { serveClient: false, perMessageDeflate: false });
io.on("connection", (socket) => socket.on("echo", (value) => socket.emit("echo", value)));
http.listen(0, "127.0.0.1", () => say({ port: http.address().port }));
