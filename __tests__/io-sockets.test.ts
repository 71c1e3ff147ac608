import { ioSockets } from "./suites/io-sockets.js";
import { EVERY_IO, REFERENCE_IO } from "./support/io.js";

for (const reach of [...EVERY_IO, ...REFERENCE_IO]) ioSockets(reach);
