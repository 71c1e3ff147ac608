import { schemaLanes } from "./suites/schema-lanes.js";
import { serve } from "./support/server.js";

schemaLanes(serve);
