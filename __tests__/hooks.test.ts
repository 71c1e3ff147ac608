import { hooks } from "./suites/hooks.js";
import { serve } from "./support/server.js";

hooks(serve);
