import { identity } from "./suites/identity.js";
import { serve } from "./support/server.js";

identity(serve);
