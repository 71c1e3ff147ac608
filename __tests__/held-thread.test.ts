import { heldThread } from "./suites/held-thread.js";

heldThread();
