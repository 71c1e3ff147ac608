import { attached } from "./suites/attached.js";

attached();
