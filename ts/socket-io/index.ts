export { Namespace } from "./namespace.js";
export { Server } from "./server.js";
export { ServerSocket as Socket } from "./socket.js";
