import { deciding } from "./suites/deciding.js";
import { serve } from "./support/server.js";

deciding(serve);
