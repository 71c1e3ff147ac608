import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/** The packages that a built file imports, by itself or by the files beside it. */
function packages(file: URL, seen = new Set<string>()): string[] {
  if (seen.has(file.href)) return [];
  seen.add(file.href);
  const text = readFileSync(file, "utf8");
  const names = [...text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)"([^"]+)"/g)].map((match) => match[1]!);
  return names.flatMap((name) => (name.startsWith(".") ? packages(new URL(name, file), seen) : [name]));
}

// A page loads these files as they are: an import that the browser does not know stops all of them.
describe("what a page loads imports", () => {
  for (const [entry, allowed] of [
    ["client/index.js", ["socket.io-client"]],
    ["browser.js", []],
  ] as const) {
    it(`no module of Node's: ${entry}`, () => {
      const found = new Set(packages(new URL(`../../dist/${entry}`, import.meta.url)));
      expect([...found].sort()).toEqual(allowed);
    });
  }
});
