import { beforeIdentity } from "./suites/before-identity.js";
import { serve } from "./support/server.js";

beforeIdentity(serve);
