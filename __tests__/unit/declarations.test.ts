import { readFileSync } from "node:fs";
import * as exported from "dialogue-rs";
import * as ofClient from "dialogue-rs/client";
import { describe, expect, it } from "vitest";

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");

describe("declarations", () => {
  it("what is declared is there, and nothing else", () => {
    const declared = [
      ...read("index.d.ts").matchAll(/^export (?:declare )?(?:function|class|const) (\w+)/gm),
    ];
    expect([...new Set(declared.map((match) => match[1]))].sort()).toEqual(Object.keys(exported).sort());
  });

  it("of the client likewise", () => {
    const text = read("client.d.ts");
    const own = [...text.matchAll(/^export function (\w+)/gm)].map((match) => match[1]!);
    const shared = /^export \{([^}]+)\} from/m
      .exec(text)![1]!
      .split(",")
      .map((name) => name.trim());
    expect([...own, ...shared].sort()).toEqual(Object.keys(ofClient).sort());
  });

  it("the browser's face of the package is part of it, the very same", async () => {
    const browser: Record<string, unknown> = await import("../../dist/browser.js" as string);
    const names = "defineEvent validateEventData isEventAllowed getEventByName Ok Err DialogueError";
    expect(Object.keys(browser).sort()).toEqual(names.split(" ").sort());
    for (const name of Object.keys(browser))
      expect(browser[name]).toBe((exported as Record<string, unknown>)[name]);
  });
});
