import { processes } from "./suites/processes.js";

processes();
