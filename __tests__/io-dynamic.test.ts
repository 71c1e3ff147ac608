import { ioDynamic } from "./suites/io-dynamic.js";
import { EVERY_IO, REFERENCE_IO } from "./support/io.js";

for (const reach of [...EVERY_IO, ...REFERENCE_IO]) ioDynamic(reach);
