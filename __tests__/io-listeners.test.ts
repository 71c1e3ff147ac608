import { ioListeners } from "./suites/io-listeners.js";
import { EVERY_IO, REFERENCE_IO } from "./support/io.js";

for (const reach of [...EVERY_IO, ...REFERENCE_IO]) ioListeners(reach);
