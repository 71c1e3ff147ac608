import { faults } from "./suites/faults.js";
import { serve } from "./support/server.js";

faults(serve);
