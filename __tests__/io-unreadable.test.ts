import { ioUnreadable } from "./suites/io-unreadable.js";
import { EVERY_IO, REFERENCE_IO } from "./support/io.js";

for (const reach of [...EVERY_IO, ...REFERENCE_IO]) {
  if (reach.transport === "websocket") ioUnreadable(reach);
}
