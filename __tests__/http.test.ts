import { http } from "./suites/http.js";
import { serve } from "./support/server.js";

http(serve);
