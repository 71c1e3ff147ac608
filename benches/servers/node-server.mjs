// Hono as `@hono/node-server` serves it.
import { serve } from "@hono/node-server";
import { say } from "../program.mjs";
import { createApp } from "./health.mjs";

const server = serve({ fetch: createApp().fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) =>
  say({ port }),
);
server.keepAliveTimeout = 60_000;
