// Serves the app of fetch-app.mjs as the runtime's users do: Bun.serve on Bun, @hono/node-server on Node.
import { fetchApp } from "./fetch-app.mjs";

const where = { fetch: fetchApp.fetch, port: 0, hostname: "127.0.0.1" };
if ("Bun" in globalThis) console.log(JSON.stringify({ port: globalThis.Bun.serve(where).port }));
else {
  const { serve } = await import("@hono/node-server");
  // Its own light objects have faults of the kind that is looked for here.
  serve({ ...where, overrideGlobalObjects: false }, ({ port }) => console.log(JSON.stringify({ port })));
}
