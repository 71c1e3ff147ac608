import { expressProgram } from "./suites/express-program.js";

expressProgram();
