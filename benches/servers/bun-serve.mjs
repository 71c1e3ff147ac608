// Hono as Bun serves it.
import { say } from "../program.mjs";
import { createApp } from "./health.mjs";

const server = globalThis.Bun.serve({ fetch: createApp().fetch, port: 0, hostname: "127.0.0.1" });
say({ port: server.port });
