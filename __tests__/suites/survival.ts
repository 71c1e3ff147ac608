import { afterEach, describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";
import { FAULTS } from "../support/programs/faults.mjs";

/** Only `authenticate` and `onLoad` can be late: of the others a promise is the wrong thing. */
const LATE = "never settles";
/** An Ok of anything lets one join: nobody looks into it. */
const LETS_JOIN = "gives Ok of what throws when looked at";
const FAULTY = "INTERNAL Internal error";

/** A process outlives its hooks, with nothing there that would catch what they let escape. */
export function survival(): void {
  describe("a process whose hooks are faulty", () => {
    let program: ChildProgram | undefined;
    afterEach(() => program?.kill());

    for (const fault of Object.keys(FAULTS)) {
      it(`line 29: lives, refuses and goes on when each ${fault}`, async () => {
        program = new ChildProgram("faulty-hooks.mjs", { FAULT: fault });
        const { answers } = await program.line("answers", 20_000);
        const { history, ...others } = answers.observing;
        expect(others).toEqual({ connect: "ok", join: "ok", trigger: "ok", own: "ok", leave: "ok" });
        // `onLoad` is asked for something: what it fails to give, the request fails for.
        expect(history).toBe(FAULTY);
        const { authenticate, beforeJoin, beforeEach } = answers.deciding;
        if (fault === LATE) expect(authenticate.connect).toMatch(/^OVERLOADED /);
        else expect(authenticate.connect).toBe(FAULTY);
        const join = fault === LETS_JOIN ? "ok" : FAULTY;
        expect(beforeJoin).toMatchObject({ join, trigger: "ok", own: "ok" });
        expect(beforeEach).toMatchObject({ join: "ok", trigger: FAULTY, own: "Internal error" });
        expect(JSON.stringify(answers)).not.toContain("own words");
        expect(await program.exited()).toBe(0);
        expect(program.stderr).not.toContain("own words");
      });
    }
  });
}
