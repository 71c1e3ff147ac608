import { afterAll, beforeAll, expect } from "vitest";

/** Nothing in this block of tests may end in an unhandled rejection or an uncaught exception. */
export function nothingEscapes(): void {
  const escaped: unknown[] = [];
  const note = (error: unknown) => void escaped.push(error);
  beforeAll(() => {
    process.on("unhandledRejection", note);
    process.on("uncaughtException", note);
  });
  afterAll(() => {
    process.off("unhandledRejection", note);
    process.off("uncaughtException", note);
    expect(escaped).toEqual([]);
  });
}
