import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { expect } from "vitest";

/** Long enough for a reconnection after several attempts that failed. */
export const PATIENCE = 20_000;

/** Somebody with a window of the chat, and what one sees and does there. */
export class Person {
  readonly name: string;
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the page threw and nobody caught. */
  readonly thrown: Error[] = [];

  private constructor(name: string, context: BrowserContext, page: Page) {
    this.name = name;
    this.context = context;
    this.page = page;
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => this.thrown.push(error));
    page.on("dialog", (dialog) => dialog.accept());
  }

  /** A window at the sign-in form, with the name filled in. */
  static async at(url: string, name: string, browser: Browser): Promise<Person> {
    const context = await browser.newContext();
    const person = new Person(name, context, await context.newPage());
    await person.page.goto(url);
    await person.page.getByLabel("Your name").fill(name);
    return person;
  }

  /** A window in the lobby. */
  static async signedIn(url: string, name: string, browser: Browser): Promise<Person> {
    const person = await Person.at(url, name, browser);
    await person.press("Sign in");
    await person.isIn("Lobby");
    return person;
  }

  async press(button: string): Promise<void> {
    await this.page.getByRole("button", { name: button, exact: true }).click();
  }

  async isIn(room: string): Promise<void> {
    await this.page.getByRole("heading", { name: room, exact: true }).waitFor();
  }

  async says(text: string): Promise<void> {
    await this.page.getByLabel("Message", { exact: true }).fill(text);
    await this.press("Send");
  }

  /** Creates a room, and is in it. */
  async creates(room: string, places: number): Promise<void> {
    await this.page.getByText("New room").click();
    await this.page.getByLabel("Name", { exact: true }).fill(room);
    await this.page.getByLabel("Places").fill(String(places));
    await this.press("Create");
    await this.isIn(room);
  }

  room(name: string): Locator {
    return this.page.getByRole("navigation").getByRole("button", { name });
  }

  /** Waits until the messages on the page are exactly these. */
  async sees(texts: string[]): Promise<void> {
    const shown = () => this.page.locator("#messages .text").allTextContents();
    await expect.poll(shown, { timeout: PATIENCE, message: `what ${this.name} sees` }).toEqual(texts);
  }

  async seesState(text: string | RegExp): Promise<void> {
    await this.page.locator("#state").filter({ hasText: text }).waitFor();
  }

  async seesError(text: string | RegExp): Promise<void> {
    await this.page.getByRole("alert").filter({ hasText: text }).waitFor();
  }

  async seesHere(...names: string[]): Promise<void> {
    await this.page.getByText(`Here: ${names.join(", ")}`, { exact: true }).waitFor();
  }

  /** The window is closed; nothing may have been thrown in it. */
  async leaves(): Promise<void> {
    await this.context.close();
    expect(this.thrown).toEqual([]);
  }
}
