import { refusals } from "./suites/refusals.js";
import { serve } from "./support/server.js";

refusals(serve);
