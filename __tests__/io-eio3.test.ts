import { ioEio3 } from "./suites/io-eio3.js";
import { REFERENCE_IO, STANDALONE_IO } from "./support/io.js";

for (const reach of [...STANDALONE_IO, ...REFERENCE_IO]) ioEio3(reach);
