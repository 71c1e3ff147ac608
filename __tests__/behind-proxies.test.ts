import { behindProxies } from "./suites/behind-proxies.js";
import { serve } from "./support/server.js";

behindProxies(serve);
