import { origins } from "./suites/origins.js";
import { serve } from "./support/server.js";

origins(serve);
