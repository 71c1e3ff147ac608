import { Hono } from "hono";

/** The app that is measured. */
export function createApp() {
  const app = new Hono();
  app.get("/health", (c) => c.json({ ok: true }));
  return app;
}
