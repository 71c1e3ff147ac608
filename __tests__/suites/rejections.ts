import { afterEach, describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";

/** Hooks that may give no promise: that they did is logged, what it rejects with is nobody's. How often each is asked. */
const REFUSED: Record<string, readonly string[]> = {
  "events.beforeEach": [
    ...["beforeEach", "Ok(…) of beforeEach", "data of beforeEach", "meta of beforeEach"],
    ...["inside data of beforeEach", "inside meta of beforeEach", "beside data of beforeEach"],
    ...["a Map of beforeEach", "inside toJSON of beforeEach", "inside Err(…) of beforeEach"],
  ],
  "clients.beforeJoin": [
    ...["beforeJoin", "Ok(…) of beforeJoin", "inside Ok(…) of beforeJoin", "Err(…) of beforeJoin"],
  ],
  "socket.authenticate": [
    ...["Ok(…) of authenticate", "inside Ok(…) of authenticate", "Err(…) of authenticate"],
  ],
  "events.onLoad": ["a message of onLoad", "inside a message of onLoad"],
};
/** What is not logged: it is told otherwise (`onError`), or there is no log, or nobody left who would read the body. */
const SILENT = [
  ...["logger.debug", "logger.info", "logger.warn", "logger.error"],
  ...["toJSON", "toJSON of a broadcast", "inside toJSON of a broadcast"],
  ...["auth of the client", "onCleanup of a manager", "cancel of a body"],
];
/** Nothing is logged at these levels. */
const NOT_CALLED = ["logger.debug", "logger.warn"];

/** A process outlives every function of the program that rejects, with nothing there that would catch what escapes. */
export function rejections(): void {
  describe("functions of the program that reject", () => {
    let program: ChildProgram | undefined;
    afterEach(() => program?.kill());

    for (const promise of ["own", "foreign", "thenable"])
      it(`end nothing, wherever the package calls them, and are logged once each: ${promise} promises`, async () => {
        program = new ChildProgram("rejecting-program.mjs", { PROMISE: promise });
        const { occasions, refused } = await program.line("occasions", 60_000);
        const all = Object.entries<{ called: number; logged: number }>(occasions);
        expect(all.length).toBeGreaterThan(65);
        const uncalled = all.filter(([, { called }]) => called === 0).map(([name]) => name);
        expect(uncalled).toEqual(NOT_CALLED);
        const unlogged = [...Object.values(REFUSED).flat(), ...SILENT];
        for (const [name, { called, logged }] of all)
          expect([name, logged]).toEqual([name, unlogged.includes(name) ? 0 : called]);
        for (const [hook, names] of Object.entries(REFUSED)) {
          const called = names.reduce((sum, name) => sum + occasions[name].called, 0);
          expect([hook, refused.filter((name: string) => name === hook).length]).toEqual([hook, called]);
        }
        expect(await program.exited()).toBe(0);
      }, 90_000);
  });
}
