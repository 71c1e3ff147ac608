import { ioInStep, ioListensLate } from "./suites/io-in-step.js";
import { EVERY_IO, REFERENCE_IO } from "./support/io.js";

for (const reach of [...EVERY_IO, ...REFERENCE_IO]) {
  ioInStep(reach);
  ioListensLate(reach);
}
