import { twoLanes } from "./suites/two-lanes.js";
import { serve } from "./support/server.js";

twoLanes(serve);
