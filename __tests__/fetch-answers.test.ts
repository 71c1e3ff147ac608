import { fetchAnswers } from "./suites/fetch-answers.js";
import { serve } from "./support/server.js";

fetchAnswers(serve);
