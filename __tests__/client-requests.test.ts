import { clientRequests } from "./suites/client-requests.js";
import { useBackendProcess } from "./support/backend-process.js";

clientRequests(useBackendProcess());
