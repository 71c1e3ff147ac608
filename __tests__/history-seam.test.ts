import { historySeam } from "./suites/history-seam.js";
import { serve } from "./support/server.js";

historySeam(serve);
