import { handshakeCookie } from "./suites/handshake-cookie.js";
import { serveHandshakes } from "./support/handshake-server.js";

handshakeCookie(serveHandshakes);
