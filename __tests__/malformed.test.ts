import { malformed } from "./suites/malformed.js";
import { serve } from "./support/server.js";

malformed(serve);
