import { context } from "./suites/context.js";
import { serve } from "./support/server.js";

context(serve);
