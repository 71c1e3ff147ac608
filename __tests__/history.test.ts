import { history } from "./suites/history.js";
import { serve } from "./support/server.js";

history(serve);
