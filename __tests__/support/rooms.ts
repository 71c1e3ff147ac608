import type { RoomConfig } from "dialogue-rs";

/** A room with the events that most tests need: `message` is remembered and subscribed to by default, `typing` is neither. */
export function chatRoom(changes: Partial<RoomConfig> = {}): RoomConfig {
  return {
    name: "Chat",
    events: [{ name: "message", history: { enabled: true, limit: 100 } }, { name: "typing" }],
    defaultSubscriptions: ["message"],
    ...changes,
  };
}
