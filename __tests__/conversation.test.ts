import { conversation } from "./suites/conversation.js";
import { serve } from "./support/server.js";

conversation(serve);
