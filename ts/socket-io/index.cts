// The entry for `require`, callable as Socket.IO's is: `require("dialogue-rs/socket.io")(httpServer, options)`.
const socketIo: typeof import("./index.js") = require("./index.js");

const make = (...args: ConstructorParameters<typeof socketIo.Server>) => new socketIo.Server(...args);

module.exports = Object.assign(make, socketIo);
