import { asynchronousSchemas } from "./suites/asynchronous-schemas.js";

asynchronousSchemas();
