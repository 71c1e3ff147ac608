import { clientFallback } from "./suites/client-fallback.js";
import { useBackendProcess } from "./support/backend-process.js";

clientFallback(useBackendProcess());
