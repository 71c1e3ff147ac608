import { fetchObjects } from "./suites/fetch-objects.js";
import { serve } from "./support/server.js";

fetchObjects(serve);
