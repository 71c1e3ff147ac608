import { createRateLimiter, DialogueError } from "dialogue-rs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

describe("createRateLimiter", () => {
  // The clock stands still unless a test moves it.
  const realNow = Date.now;
  let now = 0;
  beforeEach(() => {
    now = 1_000_000;
    Date.now = () => now;
  });
  afterEach(() => {
    Date.now = realNow;
  });
  const later = (ms: number): void => {
    now += ms;
  };

  it("allows so many per window and key", () => {
    const limiter = createRateLimiter({ windowMs: 1_000, maxRequests: 2 });
    expect([limiter.isAllowed("a"), limiter.isAllowed("a"), limiter.isAllowed("a")]).toEqual([
      true,
      true,
      false,
    ]);
    expect(limiter.isAllowed("b")).toBe(true);
    expect([limiter.remaining("a"), limiter.remaining("b"), limiter.remaining("c")]).toEqual([0, 1, 2]);
  });

  it("the window slides", () => {
    const limiter = createRateLimiter({ windowMs: 1_000, maxEvents: 2 });
    limiter.isAllowed("a");
    later(600);
    limiter.isAllowed("a");
    later(399);
    expect(limiter.isAllowed("a")).toBe(false);
    later(1);
    expect([limiter.isAllowed("a"), limiter.isAllowed("a")]).toEqual([true, false]);
  });

  it("what was refused does not count", () => {
    const limiter = createRateLimiter({ windowMs: 1_000, maxRequests: 1 });
    limiter.isAllowed("a");
    for (let n = 0; n < 10; n++) {
      later(99);
      expect(limiter.isAllowed("a")).toBe(false);
    }
    later(10);
    expect(limiter.isAllowed("a")).toBe(true);
  });

  it("a clock that is set back locks nobody out", () => {
    const limiter = createRateLimiter({ windowMs: 1_000, maxRequests: 1 });
    limiter.isAllowed("a");
    later(-3_600_000);
    expect([limiter.isAllowed("a"), limiter.isAllowed("a")]).toEqual([true, false]);
  });

  it("clear forgets", () => {
    const limiter = createRateLimiter({ windowMs: 1_000, maxRequests: 1 });
    limiter.isAllowed("a");
    limiter.clear();
    expect(limiter.remaining("a")).toBe(1);
    expect(limiter.isAllowed("a")).toBe(true);
  });

  it("refuses a config that makes no sense", () => {
    expect(() => createRateLimiter({ windowMs: 0, maxRequests: 1 })).toThrow(
      "windowMs: must be a positive number",
    );
    expect(() => createRateLimiter({ windowMs: 1, maxEvents: 0 })).toThrow(
      "maxEvents: must be a positive integer",
    );
    expect(() => createRateLimiter({ windowMs: 1 } as never)).toThrow("must be a positive integer");
  });

  it("refuses a config that makes no sense, naming the field", () => {
    const make = createRateLimiter as (config?: unknown) => unknown;
    for (const [config, message] of [
      [undefined, "config: must be an object"],
      [null, "config: must be an object"],
      [{}, "windowMs: must be a positive number"],
      [{ windowMs: 1 }, "maxEvents: must be a positive integer"],
      [{ windowMs: 1, maxRequests: 0 }, "maxRequests: must be a positive integer"],
    ] as const) {
      expect(() => make(config)).toThrow(DialogueError);
      expect(() => make(config)).toThrow(message);
    }
  });
});
