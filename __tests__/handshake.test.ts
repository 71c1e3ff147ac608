import { handshake } from "./suites/handshake.js";
import { serveHandshakes } from "./support/handshake-server.js";

handshake(serveHandshakes);
