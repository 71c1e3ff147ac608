import { lifecycle } from "./suites/lifecycle.js";
import { serve } from "./support/server.js";

lifecycle(serve);
