import { memory } from "./suites/memory.js";

memory();
