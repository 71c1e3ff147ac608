import { handshakeCors } from "./suites/handshake-cors.js";
import { serveHandshakes } from "./support/handshake-server.js";

handshakeCors(serveHandshakes);
