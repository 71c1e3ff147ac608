import { ioServer } from "./suites/io-server.js";

ioServer();
