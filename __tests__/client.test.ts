import { client } from "./suites/client.js";
import { serve } from "./support/server.js";

client(serve);
