import { unreadBodies } from "./suites/unread-bodies.js";
import { serve } from "./support/server.js";

unreadBodies(serve);
