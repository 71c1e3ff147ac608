import { afterEach, describe, expect, it } from "vitest";
import { fullJitter } from "../../ts/client/backoff.js";

const { random } = Math;

describe("the wait before a try", () => {
  afterEach(() => {
    Math.random = random;
  });

  it("is any part of a span that doubles up to 5 s", () => {
    const spans = [1_000, 2_000, 4_000, 5_000, 5_000];
    for (const part of [0, 0.5, 0.999]) {
      Math.random = () => part;
      expect(spans.map((_, attempt) => fullJitter(attempt))).toEqual(spans.map((span) => span * part));
      expect(fullJitter(5_000)).toBe(5_000 * part);
    }
  });
});
