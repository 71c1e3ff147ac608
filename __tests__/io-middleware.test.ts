import { ioMiddleware } from "./suites/io-middleware.js";
import { EVERY_IO, REFERENCE_IO } from "./support/io.js";

for (const reach of [...EVERY_IO, ...REFERENCE_IO]) ioMiddleware(reach);
