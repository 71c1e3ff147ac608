import { metrics } from "./suites/metrics.js";
import { serve } from "./support/server.js";

metrics(serve);
