import { type Browser, chromium } from "playwright-core";
import { findChromium } from "../../scripts/chromium.mjs";

/** A Chromium without a window, with an empty profile that goes when it is closed. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined)
    throw new Error("Chromium is not installed: `npm test -- browser` does that");
  return chromium.launch({
    executablePath,
    headless: true,
    // Root has no sandbox, a machine for tests no graphics; and the browser is to ask nobody but the server under test.
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
}
