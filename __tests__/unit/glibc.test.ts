import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
// biome-ignore lint/suspicious/noTsIgnore: a script without declarations
// @ts-ignore
import { compareVersions, neededGlibc } from "../../scripts/glibc.mjs";

interface Report {
  readonly header: { readonly glibcVersionRuntime?: string };
}
const { glibcVersionRuntime } = (process.report?.getReport() as unknown as Report | undefined)?.header ?? {};

describe("the glibc that a binary needs", () => {
  it("versions are compared as numbers", () => {
    const sorted = ["2.34", "2.9", "2.2.5", "2.17", "2.4", "2.3.4", "2.28"].sort(compareVersions);
    expect(sorted).toEqual(["2.2.5", "2.3.4", "2.4", "2.9", "2.17", "2.28", "2.34"]);
    expect(compareVersions("2.17", "2.17")).toBe(0);
    expect(compareVersions("2.17", "2.17.1")).toBeLessThan(0);
  });

  it("what is no ELF file is refused", () => {
    expect(() => neededGlibc(fileURLToPath(import.meta.url))).toThrow("ELF");
  });

  it.skipIf(process.platform !== "linux" || glibcVersionRuntime === undefined)(
    "the runtime that runs this needs some, and no more than is here",
    () => {
      const needed: string[] = neededGlibc(process.execPath);
      expect(needed.length).toBeGreaterThan(5);
      expect(compareVersions(needed.at(-1), glibcVersionRuntime)).toBeLessThanOrEqual(0);
    },
  );
});
