import { clientComesBack } from "./suites/client-comes-back.js";
import { useBackendProcess } from "./support/backend-process.js";

clientComesBack(useBackendProcess());
