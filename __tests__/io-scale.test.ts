import { ioScale } from "./suites/io-scale.js";

ioScale("dialogue");
ioScale("standalone");
