import { capacity } from "./suites/capacity.js";
import { serve } from "./support/server.js";

capacity(serve);
