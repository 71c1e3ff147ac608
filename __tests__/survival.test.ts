import { survival } from "./suites/survival.js";

survival();
