import { ioBroadcasts } from "./suites/io-broadcasts.js";
import { EVERY_IO, REFERENCE_IO } from "./support/io.js";

for (const reach of [...EVERY_IO, ...REFERENCE_IO]) ioBroadcasts(reach);
