import type { LogEntry, Logger } from "../index.js";
import { onRejection } from "./thenable.js";

type Level = keyof Logger;

/** Logs to the console. Which levels are on is asked at each call, so that a program may still set its environment. */
export function createDefaultLogger(): Logger {
  const write = (level: Level) => (entry: LogEntry) => {
    console[level](`[Dialogue] [${level.toUpperCase()}]`, entry);
  };
  const debug = write("debug");
  return {
    debug: (entry) => {
      if (process.env["NODE_ENV"] === "development" || process.env["DEBUG"]) debug(entry);
    },
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  };
}

/** Logs nothing. */
export function createSilentLogger(): Logger {
  const nothing = () => {};
  return { debug: nothing, info: nothing, warn: nothing, error: nothing };
}

/** The same logger, behind a wall: whatever it throws or rejects with goes nowhere, since there is nowhere left to tell. */
export function createGuardedLogger(logger: Logger): Logger {
  const guarded = (level: Level) => (entry: LogEntry) => {
    try {
      const result: unknown = logger[level](entry);
      onRejection(result, () => {});
    } catch {
      // See above.
    }
  };
  return { debug: guarded("debug"), info: guarded("info"), warn: guarded("warn"), error: guarded("error") };
}
