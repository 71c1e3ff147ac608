import { readFileSync } from "node:fs";
import * as exported from "dialogue-rs";
import { describe, expect, it } from "vitest";

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");

describe("declarations", () => {
  // Two files, since what `require` gives and what `import` gives must each be described by one of its own kind.
  it("index.d.cts is index.d.ts", () => {
    expect(read("index.d.cts")).toBe(read("index.d.ts"));
  });

  it("what is declared is there, and nothing else", () => {
    const declared = [
      ...read("index.d.ts").matchAll(/^export (?:declare )?(?:function|class|const) (\w+)/gm),
    ];
    expect([...new Set(declared.map((match) => match[1]))].sort()).toEqual(Object.keys(exported).sort());
  });
});
