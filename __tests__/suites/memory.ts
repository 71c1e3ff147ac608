import { afterEach, describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";

/** Rooms that come and go leave nothing behind. */
export function memory(): void {
  describe("memory", () => {
    let program: ChildProgram | undefined;
    afterEach(() => program?.kill());

    it("after 1,000 rooms were created, used and deleted ten times over is within 5 % of after the second time", async () => {
      // V8 doubles its young generation as it sees fit, 16 MB at a time, whatever is in use: it is held where it begins, so that
      // what is resident tells what is held.
      program = new ChildProgram("rooms-come-and-go.mjs", { ROOMS: "1000", ROUNDS: "10" }, [
        "--max-semi-space-size=1",
      ]);
      const { rounds } = await program.line("rounds", 170_000);
      expect(await program.exited()).toBe(0);
      const table = rounds
        .map(
          (r: { resident: number; heap: number }, i: number) =>
            `${i + 1}: resident ${r.resident}, heap ${r.heap}`,
        )
        .join("\n");
      console.log(`bytes after each round of 1,000 rooms\n${table}`);
      const [second, tenth] = [rounds[1], rounds[9]];
      expect(tenth.heap / second.heap).toBeLessThanOrEqual(1.05);
      expect(tenth.resident / second.resident).toBeLessThanOrEqual(1.05);
    }, 180_000);
  });
}
