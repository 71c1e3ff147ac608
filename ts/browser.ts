/** What `dialogue-rs` is where there is no server: in a browser's bundle. It loads no binary. */
export { defineEvent, getEventByName, is, isEventAllowed, validateEventData } from "./define-event.js";
export { DialogueError } from "./errors.js";
export { Err, Ok } from "./result.js";
