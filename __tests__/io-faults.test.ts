import { ioFaults } from "./suites/io-faults.js";
import { EVERY_IO } from "./support/io.js";

for (const reach of EVERY_IO) ioFaults(reach);
