import { afterEach, describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";

/** What is no promise, and refused in other words. */
const WORDS: Record<string, string> = {
  nothing: "the schema threw",
  "neither value nor issues": "the schema threw",
};

/** A process outlives schemas that turn out asynchronous, with nothing there that would catch what they let escape. */
export function asynchronousSchemas(): void {
  describe("a schema that is asynchronous for some payloads, and rejects", () => {
    let program: ChildProgram | undefined;
    afterEach(() => program?.kill());

    for (const release of ["zod", "zod-4-0", "zod-4-1", "zod-4-3", "zod-3-25/v4", "zod-3-25"]) {
      it(`of ${release}: those payloads are refused, each event is logged once, and the process lives`, async () => {
        program = new ChildProgram("asynchronous-schemas.mjs", { ZOD: release });
        const { answers, faults } = await program.line("answers", 30_000);
        expect(Object.keys(answers).length).toBeGreaterThan(60);
        for (const [name, [accepted, first, second]] of Object.entries<string[][]>(answers)) {
          const [kind] = name.split(",");
          const why = WORDS[kind!] ?? "the schema is asynchronous";
          const refused = `Event '${name}' validation failed: ${why}`;
          expect(accepted, name).toEqual(["ok", "ok"]);
          expect(first, name).toEqual([refused, refused]);
          expect(second, name).toEqual([refused, refused]);
        }
        const expected = Object.keys(answers).map((name) => `the schema of event '${name}' failed`);
        expect(faults).toEqual(expected);
        expect(await program.exited()).toBe(0);
        expect(program.stderr).not.toContain("own words");
      });
    }
  });
}
