import { createDefaultLogger, createSilentLogger } from "dialogue-rs";
import { afterEach, describe, expect, it } from "vitest";

const LEVELS = ["debug", "info", "warn", "error"] as const;
const entry = { message: "hello", atFunction: "test", data: { n: 1 } };

describe("loggers", () => {
  const { debug, info, warn, error } = console;
  const environment = { ...process.env };
  afterEach(() => {
    Object.assign(console, { debug, info, warn, error });
    process.env = { ...environment };
  });

  /** What the console was given. */
  function record(): unknown[][] {
    const lines: unknown[][] = [];
    for (const level of LEVELS) console[level] = (...args: unknown[]) => void lines.push(args);
    return lines;
  }

  it("the default one writes a tag, then the entry", () => {
    delete process.env["DEBUG"];
    process.env["NODE_ENV"] = "production";
    const lines = record();
    const logger = createDefaultLogger();
    for (const level of LEVELS) logger[level](entry);
    expect(lines).toEqual([
      ["[Dialogue] [INFO]", entry],
      ["[Dialogue] [WARN]", entry],
      ["[Dialogue] [ERROR]", entry],
    ]);
  });

  it("debug needs development, or DEBUG", () => {
    delete process.env["DEBUG"];
    process.env["NODE_ENV"] = "development";
    const lines = record();
    const logger = createDefaultLogger();
    logger.debug(entry);
    process.env["NODE_ENV"] = "production";
    logger.debug(entry);
    process.env["DEBUG"] = "1";
    logger.debug(entry);
    expect(lines).toEqual([
      ["[Dialogue] [DEBUG]", entry],
      ["[Dialogue] [DEBUG]", entry],
    ]);
  });

  it("the silent one writes nothing", () => {
    const lines = record();
    const logger = createSilentLogger();
    for (const level of LEVELS) logger[level](entry);
    expect(lines).toEqual([]);
  });
});
