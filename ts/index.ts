/** What the package exports; the types are those of `index.d.ts`. */
export { createDialogue } from "./create-dialogue.js";
export { defineEvent, getEventByName, is, isEventAllowed, validateEventData } from "./define-event.js";
export { DialogueError } from "./errors.js";
export { createHistoryManager } from "./history-manager.js";
export { signJwt, verifyJwt } from "./jwt.js";
export { createDefaultLogger, createSilentLogger } from "./logger.js";
export { createRateLimiter } from "./rate-limiter.js";
export { Err, Ok } from "./result.js";
export { createRuntimeAdapter, detectRuntime } from "./runtime-adapter.js";
