import type { ClientRooms } from "../index.js";
import type { CallQueue } from "./call-queue.js";
import { toEngine } from "./names.js";
import type { NativeDialogue } from "./native.js";

/**
 * The rooms of a user. The callbacks are called as `Array.forEach` calls its own: what they throw is the caller's, and ends the loop.
 */
export function createClientRooms(engine: NativeDialogue, queue: CallQueue, id: string): ClientRooms {
  const userId = toEngine(id);
  const ids = engine.userRooms(userId);
  return {
    ids,
    forAll(callback) {
      for (const roomId of ids) callback(roomId);
    },
    leaveAll(callback) {
      for (const roomId of engine.userRooms(userId)) {
        callback?.(roomId);
        // One that is not in the room has left it, as far as the engine is concerned.
        for (const clientId of engine.userClientIds(userId)) engine.clientLeave(clientId, roomId);
        queue.drain();
      }
    },
  };
}
