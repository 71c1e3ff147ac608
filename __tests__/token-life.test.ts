import { tokenLife } from "./suites/token-life.js";
import { serve } from "./support/server.js";

tokenLife(serve);
