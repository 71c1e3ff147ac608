import { unreadAnswers } from "./suites/unread-answers.js";
import { serve } from "./support/server.js";

unreadAnswers(serve);
