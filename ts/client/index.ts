/** What `dialogue-rs/client` exports; the types are those of `client.d.ts`. */
export { defineEvent, is } from "../define-event.js";
export { DialogueError } from "../errors.js";
export { Err, Ok } from "../result.js";
export { createDialogueClient } from "./create-client.js";
export { createRoomContext } from "./create-room-context.js";
