import type { LogEntry, Logger } from "dialogue-rs";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** A logger that keeps what it was given, so that a test can say what was logged and what was not. */
export interface RecordingLogger extends Logger {
  readonly entries: { level: LogLevel; entry: LogEntry }[];
  at(level: LogLevel): LogEntry[];
  mentions(level: LogLevel, text: string): boolean;
}

export function recordingLogger(): RecordingLogger {
  const entries: { level: LogLevel; entry: LogEntry }[] = [];
  const record = (level: LogLevel) => (entry: LogEntry) => {
    entries.push({ level, entry });
  };
  const at = (level: LogLevel) => entries.filter((e) => e.level === level).map((e) => e.entry);
  return {
    entries,
    at,
    mentions: (level, text) => at(level).some((entry) => JSON.stringify(entry).includes(text)),
    debug: record("debug"),
    info: record("info"),
    warn: record("warn"),
    error: record("error"),
  };
}
