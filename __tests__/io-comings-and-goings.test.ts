import { ioComingsAndGoings } from "./suites/io-comings-and-goings.js";
import { REFERENCE_IO, STANDALONE_IO } from "./support/io.js";

for (const reach of [...STANDALONE_IO, ...REFERENCE_IO]) ioComingsAndGoings(reach);
