// Takes docs/chat.png, the picture of examples/chat in README.md.
//   node scripts/screenshot.mjs                      after `npm run build`, where Chromium is
//   node scripts/screenshot.mjs --to FOLDER          as phones and desktops show it, by day and by night, to be looked at
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { findChromium } from "./chromium.mjs";
import { root } from "./run.mjs";

const { values } = parseArgs({ options: { to: { type: "string" } } });
const desktop = { width: 900, height: 560 };
const phone = { width: 390, height: 740 };

const server = spawn(process.execPath, [join(root, "examples/chat/server.mjs")], {
  env: { ...process.env, PORT: "0" },
  stdio: ["ignore", "pipe", "inherit"],
});
const browser = await chromium.launch({
  executablePath: findChromium(),
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
try {
  const url = await address(server.stdout);
  const ada = await signIn(url, "Ada", { viewport: desktop, colorScheme: "light" });
  const grace = await signIn(url, "Grace", { viewport: phone, colorScheme: "dark" });
  const alan = await signIn(url, "Alan", { viewport: desktop, colorScheme: "dark" });
  await create(ada, "Reading circle", 4);
  await enter(grace, "Garden");
  for (const page of [ada, grace]) await enter(page, "Lobby");
  await say(alan, "The train is late again. I am writing from the platform, over a phone.");
  await say(grace, "Your messages come through all the same?");
  await say(alan, "They do. I was away for a minute, and what you two said was here when I came back.");
  await say(ada, "In the right order, and each of them once.");
  await say(grace, "Then I have nothing to repair tonight.");
  await message(alan).pressSequentially("Good");
  await ada.getByText("Alan is typing").waitFor();
  await ada.getByText("Here: Ada, Alan, Grace").waitFor();
  // The list with its sizes has to be that of now.
  await ada.getByRole("button", { name: "Lobby 3" }).waitFor();

  if (values.to === undefined) {
    await ada.screenshot({ path: join(root, "docs/chat.png") });
  } else {
    mkdirSync(values.to, { recursive: true });
    for (const colorScheme of ["light", "dark"]) {
      for (const [name, viewport] of Object.entries({ desktop, phone })) {
        await ada.emulateMedia({ colorScheme });
        await ada.setViewportSize(viewport);
        await ada.screenshot({ path: join(values.to, `${name}-${colorScheme}.png`) });
      }
    }
  }
} finally {
  await browser.close();
  server.kill();
}

async function address(output) {
  for await (const line of createInterface({ input: output })) {
    const url = /Open (http:\S+)/.exec(line)?.[1];
    if (url) return url;
  }
  throw new Error("the server ended before it listened");
}

async function signIn(url, name, options) {
  const page = await browser.newPage({ ...options, locale: "en-GB" });
  await page.goto(url);
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Lobby" }).waitFor();
  return page;
}

async function create(page, name, places) {
  await page.getByText("New room").click();
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Places").fill(String(places));
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("heading", { name }).waitFor();
}

async function enter(page, room) {
  await page.getByRole("navigation").getByRole("button", { name: room }).click();
  await page.getByRole("heading", { name: room }).waitFor();
}

function message(page) {
  return page.getByLabel("Message", { exact: true });
}

async function say(page, text) {
  await message(page).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText(text).waitFor();
}
