import { sessions } from "./suites/sessions.js";
import { serve } from "./support/server.js";

sessions(serve);
