import { largeReplies } from "./suites/large-replies.js";
import { serve } from "./support/server.js";

largeReplies(serve);
