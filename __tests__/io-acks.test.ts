import { ioAcks } from "./suites/io-acks.js";
import { EVERY_IO, REFERENCE_IO } from "./support/io.js";

for (const reach of [...EVERY_IO, ...REFERENCE_IO]) ioAcks(reach);
