import { announcements } from "./suites/announcements.js";
import { serve } from "./support/server.js";

announcements(serve);
