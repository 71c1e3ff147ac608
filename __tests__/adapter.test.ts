import { adapter } from "./suites/adapter.js";
import { serve } from "./support/server.js";

adapter(serve);
