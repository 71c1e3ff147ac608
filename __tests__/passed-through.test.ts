import { passedThrough } from "./suites/passed-through.js";

passedThrough();
