import { DialogueError } from "dialogue-rs";
import { describe, expect, it } from "vitest";

describe("DialogueError", () => {
  it("is an Error with a code and what it concerns", () => {
    const cause = new Error("the reason");
    const error = new DialogueError("ROOM_FULL", "Room 'chat' is at capacity", { roomId: "chat", cause });
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe("DialogueError");
    expect(error.message).toBe("Room 'chat' is at capacity");
    expect(error.roomId).toBe("chat");
    expect(error.cause).toBe(cause);
    expect(["event" in error, "issues" in error]).toEqual([false, false]);
    const issues = [{ path: ["text"], message: "too short" }];
    expect(new DialogueError("VALIDATION_FAILED", "no", { issues }).issues).toEqual(issues);
    expect(String(error)).toBe("DialogueError: Room 'chat' is at capacity");
  });

  it("knows which codes may succeed later", () => {
    for (const code of ["ROOM_FULL", "RATE_LIMITED", "OVERLOADED", "TIMEOUT", "DISCONNECTED"] as const) {
      expect(new DialogueError(code, "").retryable).toBe(true);
    }
    for (const code of ["INVALID_CONFIG", "INVALID_REQUEST", "ROOM_NOT_FOUND", "INTERNAL"] as const) {
      expect(new DialogueError(code, "").retryable).toBe(false);
    }
  });
});
