import { greeting } from "./suites/greeting.js";

greeting();
