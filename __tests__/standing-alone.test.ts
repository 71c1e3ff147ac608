import { standingAlone } from "./suites/standing-alone.js";

standingAlone();
