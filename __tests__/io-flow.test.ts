import { ioFlow } from "./suites/io-flow.js";
import { EVERY_IO } from "./support/io.js";

for (const reach of EVERY_IO) ioFlow(reach);
