import { halfCharacters } from "./suites/half-characters.js";
import { serve } from "./support/server.js";

halfCharacters(serve);
