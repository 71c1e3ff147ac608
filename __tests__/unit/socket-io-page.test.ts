import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

describe("docs/socket-io.md", () => {
  it("names a test for each member, and each of them is there", () => {
    const rows = read("docs/socket-io.md")
      .split("\n")
      .filter((line) => /^\| .* › /.test(line));
    expect(rows.length).toBeGreaterThan(30);
    const missing = rows.filter((row) => {
      const [, file, test] = / ([\w-]+) › (.*) \|$/.exec(row) ?? [];
      const suite = `__tests__/suites/${file}.ts`;
      const isThere = existsSync(new URL(`../../${suite}`, import.meta.url));
      return !isThere || !read(suite).includes(test!);
    });
    expect(missing).toEqual([]);
  });
});
