import { upgrade } from "./suites/upgrade.js";
import { serve } from "./support/server.js";

upgrade(serve);
