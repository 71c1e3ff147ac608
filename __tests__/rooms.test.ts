import { rooms } from "./suites/rooms.js";
import { serve } from "./support/server.js";

rooms(serve);
