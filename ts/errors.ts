import type { DialogueErrorCode, DialogueError as PublicDialogueError, ValidationIssue } from "../index.js";

/** What is known of a code: whether a client should retry, and the HTTP status that says the same. */
export interface ErrorRow {
  readonly code: string;
  readonly retry: boolean;
  readonly status: number;
}

const row = (code: string, status: number, retry = false): ErrorRow => Object.freeze({ code, retry, status });

/**
 * Equal to the engine's `errorTable()`, row for row (a test compares them). It stands here too because the browser has no
 * engine.
 */
export const ERROR_TABLE: readonly ErrorRow[] = Object.freeze([
  row("INVALID_CONFIG", 500),
  row("PORT_IN_USE", 500, true),
  row("INVALID_REQUEST", 400),
  row("ROOM_NOT_FOUND", 404),
  row("ROOM_EXISTS", 409),
  row("ROOM_FULL", 409, true),
  row("JOIN_DENIED", 403),
  row("NOT_IN_ROOM", 403),
  row("EVENT_NOT_ALLOWED", 403),
  row("VALIDATION_FAILED", 422),
  row("EVENT_BLOCKED", 403),
  row("PERMISSION_DENIED", 403),
  row("RATE_LIMITED", 429, true),
  row("OVERLOADED", 503, true),
  row("UNAUTHORIZED", 401),
  row("TOKEN_EXPIRED", 401),
  row("TIMEOUT", 504, true),
  row("DISCONNECTED", 503, true),
  row("UNAVAILABLE", 503, true),
  row("INTERNAL", 500),
]);

/** Details that an error may carry beside its message. */
interface Details {
  roomId?: string | undefined;
  event?: string | undefined;
  issues?: readonly ValidationIssue[] | undefined;
  cause?: unknown;
}

/** The one error class of this package. */
export class DialogueError extends Error implements PublicDialogueError {
  readonly code: DialogueErrorCode;
  // `declare`: an absent detail is an absent property, not one that is undefined.
  declare readonly roomId?: string;
  declare readonly event?: string;
  declare readonly issues?: readonly ValidationIssue[];
  readonly retryable: boolean;

  constructor(code: DialogueErrorCode, message: string, details: Details = {}) {
    // Of these it takes `cause`, where there is one.
    super(message, details as ErrorOptions);
    this.code = code;
    if (details.roomId !== undefined) this.roomId = details.roomId;
    if (details.event !== undefined) this.event = details.event;
    if (details.issues !== undefined) this.issues = details.issues;
    this.retryable = ERROR_TABLE.some((known) => known.code === code && known.retry);
  }
}

// On the prototype, as the built-in errors have it, so that it is no own property of every error.
Object.defineProperty(DialogueError.prototype, "name", {
  value: "DialogueError",
  configurable: true,
  writable: true,
});

/** The error for a field of a configuration that is not acceptable. */
export function invalidConfig(path: string, expected: string): DialogueError {
  return new DialogueError("INVALID_CONFIG", `${path}: ${expected}`);
}

/** The messages that the engine uses for the same. */
export const roomNotFound = (id: string): string => `Room '${id}' does not exist`;
export const eventNotAllowed = (event: string, id: string): string =>
  `Event '${event}' is not allowed in room '${id}'`;
