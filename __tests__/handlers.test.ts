import { handlers } from "./suites/handlers.js";
import { serve } from "./support/server.js";

handlers(serve);
