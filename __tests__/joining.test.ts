import { joining } from "./suites/joining.js";
import { serve } from "./support/server.js";

joining(serve);
