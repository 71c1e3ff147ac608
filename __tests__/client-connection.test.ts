import { clientConnection } from "./suites/client-connection.js";
import { useBackendProcess } from "./support/backend-process.js";

clientConnection(useBackendProcess());
