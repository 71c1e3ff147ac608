import { limits } from "./suites/limits.js";
import { serve } from "./support/server.js";

limits(serve);
