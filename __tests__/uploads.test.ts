import { uploads } from "./suites/uploads.js";
import { serve } from "./support/server.js";

uploads(serve);
