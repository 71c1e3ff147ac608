import { fileURLToPath } from "node:url";
import { createDialogue, createSilentLogger } from "dialogue-rs";
import { build } from "vite";
import { describe, expect, it } from "vitest";
import { startBackend } from "../support/backend-process.js";
import { launchChromium } from "../support/chromium.js";
import { within } from "../support/deadline.js";
import type { Outcome } from "./page/runner.js";

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The suites as one file, the client in it as a page's build has it. */
async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    root: file("../.."),
    logLevel: "silent",
    resolve: { alias: { vitest: file("./page/runner.ts") } },
    build: {
      write: false,
      minify: false,
      modulePreload: false,
      target: "es2022",
      rollupOptions: { input: file("./page/main.ts") },
    },
  });
  const [chunk] = (built as { output: { code: string; modules: object }[] }).output;
  const dist = file("../../dist/");
  const modules = Object.keys(chunk!.modules).filter((id) => id.startsWith(dist));
  expect(modules).toContain(`${dist}client/create-client.js`);
  expect(modules).not.toContain(`${dist}native.js`);
  return chunk!.code;
}

/** Runs the suites in Chromium; how each test went, and what the page listens for when every client is disconnected. */
async function runSuites(): Promise<{ outcomes: Outcome[]; listeners: string[] }> {
  const code = await bundle();
  const app = {
    fetch: (request: Request) =>
      new URL(request.url).pathname === "/main.js"
        ? new Response(code, { headers: { "content-type": "text/javascript" } })
        : new Response('<!doctype html><script type="module" src="/main.js"></script>', {
            headers: { "content-type": "text/html" },
          }),
  };
  const dialogue = createDialogue({
    port: 0,
    host: "127.0.0.1",
    app,
    rooms: { chat: { name: "The page's own", events: [] } },
    logger: createSilentLogger(),
  });
  await dialogue.start();
  const backend = await startBackend();
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const outcomes: Outcome[] = [];
    await page.exposeFunction("told", (outcome: Outcome) => void outcomes.push(outcome));
    const ran = new Promise<void>((resolve, reject) => {
      page.once("pageerror", reject);
      void page.exposeFunction("finished", resolve).then(() => {
        const control = encodeURIComponent(backend.control);
        return page.goto(`http://127.0.0.1:${dialogue.port}/?control=${control}`);
      });
    });
    await within(ran, "the suites in Chromium", 240_000);
    const session = await page.context().newCDPSession(page);
    const { result } = await session.send("Runtime.evaluate", {
      expression: "Object.entries(getEventListeners(window)).map(([name, all]) => all.length + ' ' + name)",
      includeCommandLineAPI: true,
      returnByValue: true,
    });
    return { outcomes, listeners: result.value };
  } finally {
    await browser.close();
    await backend.end();
    await dialogue.stop();
  }
}

const { outcomes, listeners } = await runSuites();

describe("the client in Chromium", () => {
  for (const { name, error } of outcomes) {
    it(name, () => {
      if (error !== undefined) throw new Error(error);
    });
  }

  it("all of it ran", () => {
    expect(outcomes.length).toBeGreaterThan(40);
  });

  it("no listener is left in the page but those of the runner and of Engine.IO's module", () => {
    expect(listeners.sort()).toEqual(["1 offline", "1 pagehide", "1 unhandledrejection"]);
  });
});
