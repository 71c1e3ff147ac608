import { ownTriggers } from "./suites/own-triggers.js";
import { serve } from "./support/server.js";

ownTriggers(serve);
