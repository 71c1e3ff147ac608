import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const at = (path: string) => new URL(`../../${path}`, import.meta.url);
const read = (path: string) => readFileSync(at(path), "utf8");

/** Whether a file has a test of that name; `…` in it stands for whatever is put in there. */
function isThere(path: string, test: string): boolean {
  return existsSync(at(path)) && test.split("…").every((part) => read(path).includes(part.trim()));
}

describe("pages that name the tests which show what they say", () => {
  it("docs/socket-io.md: one for each member, and each of them is there", () => {
    const rows = read("docs/socket-io.md")
      .split("\n")
      .filter((line) => /^\| .* › /.test(line));
    expect(rows.length).toBeGreaterThan(30);
    const missing = rows.filter((row) => {
      const [, file, test] = / ([\w-]+) › (.*) \|$/.exec(row) ?? [];
      return !isThere(`__tests__/suites/${file}.ts`, test!);
    });
    expect(missing).toEqual([]);
  });

  it("docs/design/threats.md: some for each line, and each of them is there", () => {
    const page = read("docs/design/threats.md");
    const lines = page.split(/^(?=\d+\. )/m).slice(1);
    expect(lines.map((line) => Number.parseInt(line, 10))).toEqual(
      Array.from({ length: lines.length }, (_, n) => n + 1),
    );
    expect(lines.length).toBeGreaterThan(39);
    const named = lines.map((line) => [...line.matchAll(/- `([^`]+?) › ([^`]+)`/g)]);
    expect(named.filter((tests) => tests.length === 0)).toEqual([]);
    const missing = named.flat().filter(([, file, test]) => {
      return !isThere(file!.startsWith("src/") ? file! : `__tests__/${file}`, test!);
    });
    expect(missing.map(([whole]) => whole)).toEqual([]);
  });
});
