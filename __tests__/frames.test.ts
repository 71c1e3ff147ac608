import { frames } from "./suites/frames.js";
import { serve } from "./support/server.js";

frames(serve);
