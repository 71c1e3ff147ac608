import { httpStreams } from "./suites/http-streams.js";
import { serve } from "./support/server.js";

httpStreams(serve);
