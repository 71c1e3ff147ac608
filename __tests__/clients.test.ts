import { clients } from "./suites/clients.js";
import { serve } from "./support/server.js";

clients(serve);
