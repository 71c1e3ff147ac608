import { commands } from "./suites/commands.js";
import { serve } from "./support/server.js";

commands(serve);
