import { defineConfig } from "vitest/config";
import base from "./vitest.config.js";

// Tests that drive a browser are a section of their own, run from Node alone: their names are none that `bun test` looks for.
export default defineConfig({
  ...base,
  test: { ...base.test, testTimeout: 60_000, include: ["__tests__/browser/*.browser.ts"] },
});
