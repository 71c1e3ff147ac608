import { setTimeout } from "node:timers/promises";
import type { Browser, Locator } from "playwright-core";
import { io } from "socket.io-client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchChromium } from "../support/chromium.js";
import { PATIENCE, Person } from "./chat-person.js";
import { ChatServer, runtimes } from "./chat-server.js";

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

describe.each(Object.entries(runtimes))("examples/chat, served by %s", (_name, program) => {
  let server: ChatServer;
  let people: Person[];

  beforeEach(async () => {
    people = [];
    server = await ChatServer.start(program);
  });

  afterEach(async () => {
    try {
      await Promise.all(people.map((person) => person.leaves()));
    } finally {
      await server.kill();
    }
  });

  /** Windows in the lobby, whose people see each other. */
  async function inLobby<Names extends string[]>(
    ...names: Names
  ): Promise<{ [Index in keyof Names]: Person }> {
    for (const name of names) people.push(await Person.signedIn(server.url, name, browser));
    await Promise.all(people.map((person) => person.seesHere(...names)));
    return people as { [Index in keyof Names]: Person };
  }

  it("two people talk, and see who is here and who is typing", async () => {
    const [ada, bob] = await inLobby("Ada", "Bob");
    await bob.page.getByLabel("Message", { exact: true }).pressSequentially("he");
    await ada.page.getByText("Bob is typing").waitFor();
    const script = `<img src=x onerror="document.title='changed'"><script>document.title='changed'</script>`;
    await bob.says("hello Ada");
    await ada.sees(["hello Ada"]);
    await ada.page.getByText("Bob is typing").waitFor({ state: "hidden" });
    await ada.says(script);
    for (const person of [ada, bob]) await person.sees(["hello Ada", script]);
    expect(await bob.page.title()).toBe("dialogue-rs chat");

    await bob.page.reload();
    await bob.isIn("Lobby");
    await bob.sees(["hello Ada", script]);
    await bob.press("Sign out");
    await bob.page.getByLabel("Your name").waitFor();
    await ada.seesHere("Ada");
  });

  it("a name that somebody else has is refused with the reason", async () => {
    const [ada] = await inLobby("Ada");
    const other = await Person.at(server.url, "Ada", browser);
    people.push(other);
    await other.press("Sign in");
    await other.seesError("Somebody else is Ada");
    await other.page.getByLabel("Your name").fill("Ada L");
    await other.press("Sign in");
    await other.isIn("Lobby");
    await ada.seesHere("Ada", "Ada L");
  });

  it("who was offline for five seconds has what was said meanwhile, in order and once", async () => {
    const [ada, bob] = await inLobby("Ada", "Bob");
    await bob.says("before");
    await ada.sees(["before"]);

    await bob.context.setOffline(true);
    const back = setTimeout(5_000);
    await bob.seesState(/^(Connecting|Not connected)/);
    for (const text of ["one", "two", "three"]) await ada.says(text);
    await ada.sees(["before", "one", "two", "three"]);
    await back;
    await bob.sees(["before"]);
    await bob.context.setOffline(false);

    await bob.seesState("Signed in as Bob");
    await ada.says("four");
    await bob.says("five");
    for (const person of [ada, bob]) await person.sees(["before", "one", "two", "three", "four", "five"]);
  });

  it("a server that is killed and started again has both back in their room", async () => {
    const [ada, bob, carol] = await inLobby("Ada", "Bob", "Carol");
    await carol.creates("Attic", 2);
    const texts = (word: string) => Array.from({ length: 10 }, (_, index) => `${word} ${index}`);
    await sayAll(server.url, texts("before"));
    for (const person of [ada, bob]) await person.sees(texts("before"));

    await server.kill();
    for (const person of people) await person.seesState(/^(Connecting|Not connected)/);
    server = await ChatServer.start(program, server.port);

    for (const person of people) await person.seesState(`Signed in as ${person.name}`);
    for (const person of [ada, bob]) await person.seesHere("Ada", "Bob");
    // Offsets begin again, so that some of these have those of messages that are on the page.
    await sayAll(server.url, texts("after"));
    await bob.says("and I");
    for (const person of [ada, bob]) await person.sees([...texts("before"), ...texts("after"), "and I"]);
    // Rooms that people made went with the server.
    await carol.seesError("Room 'attic' does not exist");
    await carol.isIn("Choose a room");
  });

  it("rooms of one's own: created, full for others, deleted", async () => {
    const [ada, bob] = await inLobby("Ada", "Bob");
    await ada.creates("Attic", 1);
    await ada.seesHere("Ada");
    await bob.seesHere("Bob");

    await bob.room("Attic 1 of 1").click();
    await bob.seesError("Room 'attic' is at capacity");
    await bob.isIn("Lobby");
    await bob.says("I stay here");
    await bob.sees(["I stay here"]);
    await bob.page.getByRole("alert").waitFor({ state: "hidden" });
    expect(await bob.page.getByRole("button", { name: "Delete room" }).count()).toBe(0);

    await ada.press("Delete room");
    for (const person of people) await person.room("Attic").waitFor({ state: "detached" });
    await ada.isIn("Choose a room");
    await ada.seesError("attic");
    await ada.room("Lobby").click();
    await ada.sees(["I stay here"]);
  });

  it("earlier messages come as one scrolls back", async () => {
    const texts = Array.from({ length: 75 }, (_, index) => `message ${index}`);
    await sayAll(server.url, texts);
    const [ada] = await inLobby("Ada");
    await ada.sees(texts.slice(-30));
    const newest = ada.page.getByText("message 74", { exact: true });
    await expect.poll(() => isInView(newest), { timeout: PATIENCE }).toBe(true);

    const oldest = ada.page.getByText("message 45", { exact: true });
    await oldest.scrollIntoViewIfNeeded();
    await ada.sees(texts.slice(-60));
    // What was being read has not moved out of view.
    expect(await isInView(oldest)).toBe(true);
    // As the keyboard presses it: a click would scroll to it, which asks too.
    await ada.page.getByRole("button", { name: "Earlier messages" }).dispatchEvent("click");
    await ada.sees(texts);
    await ada.page.getByRole("button", { name: "Earlier messages" }).waitFor({ state: "hidden" });
  });
});

/** Somebody without a browser, who says all this in the lobby and goes. */
async function sayAll(url: string, texts: string[]): Promise<void> {
  const reply = await fetch(`${url}/sign-in`, {
    method: "POST",
    body: JSON.stringify({ name: "Dora", key: "a key that nobody else has" }),
  });
  const { token } = (await reply.json()) as { token: string };
  const socket = io(url, { auth: { token }, forceNew: true });
  try {
    await socket.emitWithAck("dialogue:join", { roomId: "lobby" });
    for (const text of texts) {
      const payload = { roomId: "lobby", event: "message", data: { text } };
      expect(await socket.emitWithAck("dialogue:trigger", payload)).toEqual({ ok: true });
    }
    await socket.emitWithAck("dialogue:leave", { roomId: "lobby" });
  } finally {
    socket.close();
  }
}

async function isInView(locator: Locator): Promise<boolean> {
  const [box, view] = await Promise.all([
    locator.boundingBox(),
    locator.page().locator("#log").boundingBox(),
  ]);
  return box !== null && view !== null && box.y >= view.y && box.y + box.height <= view.y + view.height;
}
