import { DialogueError } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import native from "#binding";
import { ERROR_TABLE } from "../../ts/errors.js";

describe("the error table", () => {
  it("is the engine's, row for row", () => {
    expect(JSON.parse(native.errorTable())).toEqual(ERROR_TABLE);
  });

  it("says of each code what DialogueError says", () => {
    for (const { code, retry } of ERROR_TABLE) {
      expect(new DialogueError(code as never, "").retryable).toBe(retry);
    }
  });
});
