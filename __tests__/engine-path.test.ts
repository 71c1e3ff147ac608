import { enginePath } from "./suites/engine-path.js";
import { serveHandshakes } from "./support/handshake-server.js";

enginePath(serveHandshakes);
