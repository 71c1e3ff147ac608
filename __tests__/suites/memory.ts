import { afterEach, describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";
import { scaled } from "../support/scale.js";

const ROOMS = scaled(10_000, 1_000_000);
/** Of the full count: the top of a thread's arena stays, whatever is asked. */
const KEPT_BY_GLIBC = scaled(0, 32 * 1_024 * 1_024);

/** Rooms that come and go leave nothing behind. */
export function memory(): void {
  describe("memory", () => {
    let program: ChildProgram | undefined;
    afterEach(() => program?.kill());

    it("after 1,000 rooms were created, used and deleted ten times over is in the end within 5 % of the beginning", async () => {
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
      // Of three rounds the middle one: what was just given back to the system makes one of them small.
      const middle = (from: number, what: "heap" | "resident"): number =>
        rounds
          .slice(from, from + 3)
          .map((round: Record<string, number>) => round[what])
          .sort((a: number, b: number) => a - b)[1];
      for (const what of ["heap", "resident"] as const) {
        expect(middle(7, what) / middle(1, what)).toBeLessThanOrEqual(1.05);
      }
    }, 180_000);

    it(
      `line 36: after ${ROOMS.toLocaleString("en")} rooms were created, joined, left and deleted, three times, is within 5 % of the start`,
      async () => {
        // At most 100,000 of them at once: JavaScript's own half of a million rooms is gigabytes.
        const environment = { ROOMS: String(ROOMS), AT_ONCE: String(Math.min(ROOMS, 100_000)), ROUNDS: "3" };
        program = new ChildProgram("many-rooms.mjs", environment, ["--max-semi-space-size=1"]);
        const patience = scaled(150_000, 1_700_000);
        const { start, rounds } = await program.line("rounds", patience);
        expect(await program.exited()).toBe(0);
        console.log(
          `bytes at the start ${JSON.stringify(start)} and after each time ${JSON.stringify(rounds)}`,
        );
        for (const round of rounds) {
          expect(round.heap / start.heap).toBeLessThanOrEqual(1.05);
          expect(round.resident).toBeLessThanOrEqual(start.resident * 1.05 + KEPT_BY_GLIBC);
        }
      },
      scaled(180_000, 1_750_000),
    );
  });
}
