import { fetchParity } from "./suites/fetch-parity.js";
import { serve } from "./support/server.js";

fetchParity(serve);
