import { defineConfig } from "vitest/config";

// `bun test` runs the same files without this configuration (scripts/test.mjs hands it the timeout).
export default defineConfig({
  test: {
    include: ["__tests__/**/*.test.ts"],
    // A process per file: the native addon is loaded fresh, and what one file leaves behind ends with it.
    pool: "forks",
    execArgv: ["--expose-gc"],
    // Suites measure time and memory: two at once would disturb each other.
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    server: {
      deps: {
        // The package under test is loaded by the runtime itself, as a user's program loads it.
        external: [/\/dist\//, /\/binding(-loader)?\.c?js$/],
      },
    },
  },
});
