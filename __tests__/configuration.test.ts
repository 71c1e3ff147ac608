import { configuration } from "./suites/configuration.js";

configuration();
