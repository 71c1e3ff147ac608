import { ioNamespaces } from "./suites/io-namespaces.js";
import { EVERY_IO, REFERENCE_IO } from "./support/io.js";

for (const reach of [...EVERY_IO, ...REFERENCE_IO]) ioNamespaces(reach);
