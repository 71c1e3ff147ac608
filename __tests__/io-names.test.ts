import { ioNames } from "./suites/io-names.js";
import { EVERY_IO, REFERENCE_IO } from "./support/io.js";

for (const reach of [...EVERY_IO, ...REFERENCE_IO]) ioNames(reach);
