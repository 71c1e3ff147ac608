import { eachHook } from "./suites/each-hook.js";
import { serve } from "./support/server.js";

eachHook(serve);
