import { callingBack } from "./suites/calling-back.js";
import { serve } from "./support/server.js";

callingBack(serve);
