import { ioWebSocket } from "./suites/io-websocket.js";
import { EVERY_IO, REFERENCE_IO } from "./support/io.js";

for (const reach of [...EVERY_IO, ...REFERENCE_IO]) {
  if (reach.transport === "websocket") ioWebSocket(reach);
}
