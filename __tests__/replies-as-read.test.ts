import { repliesAsRead } from "./suites/replies-as-read.js";
import { serve } from "./support/server.js";

repliesAsRead(serve);
