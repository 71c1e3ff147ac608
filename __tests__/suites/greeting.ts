import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";
import { eventually } from "../support/deadline.js";
import { connected } from "../support/io-stage.js";
import { serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

/** Who is told first that a client is there: the program's listener, so that a client in the same process finds that it ran. */
export function greeting(): void {
  const stage = useStage(serve);

  async function slowToGreet(milliseconds: number) {
    const folder = mkdtempSync(join(tmpdir(), "dialogue-greeting-"));
    const gate = join(folder, "gate");
    const program = new ChildProgram("slow-to-greet.mjs", { GATE: gate, HOLD_MS: `${milliseconds}` });
    stage.atEnd(() => {
      program.kill();
      rmSync(folder, { recursive: true });
    });
    const { port } = await program.line("port");
    return {
      program,
      host: "127.0.0.1",
      port,
      url: `http://127.0.0.1:${port}`,
      open: () => writeFileSync(gate, ""),
    };
  }

  it("a client that comes and goes while nobody looks is not read on, and others are let in", async () => {
    const server = await slowToGreet(60_000);
    const restless = await stage.raw(server);
    const entries = () => restless.messages.filter((packet) => `${packet}`.startsWith("40/io,")).length;
    /** Whether it is let in before two others are that came behind it. */
    const isLetIn = async (before: number) => {
      for (let n = 0; n < 2; n++) {
        const other = await stage.raw(server);
        other.send("40/io,");
        await other.nextStarting("40/io,");
        if (entries() > before) return true;
      }
      return false;
    };
    let came = 0;
    restless.send("40/io,");
    while (await isLetIn(came)) {
      came++;
      restless.send("41/io,");
      restless.send("40/io,");
    }
    // Its share of what may wait is six calls, two for each coming and going; the thread may have taken the first before it was kept.
    expect([came >= 3, came <= 5]).toEqual([true, true]);
    server.open();
    await eventually(() => entries() === came + 1, "it is read on");
  });

  for (const transport of ["websocket", "polling"] as const) {
    for (const [listener, nsp] of [
      ["onConnected", ""],
      ["io's listener for connections", "/io"],
    ] as const) {
      describe(`${listener}, over ${transport}`, () => {
        const client = (server: { url: string }) =>
          stage.client({ url: server.url + nsp }, { transports: [transport] });

        it("has returned before the client is told that it is connected", async () => {
          // It waits for half a second at most: one whom a busy machine kept for longer shows nothing, and another is asked.
          for (;;) {
            const server = await slowToGreet(100);
            const begun = Date.now();
            await connected(client(server).socket);
            const told = Date.now();
            const { greeted } = await server.program.line("greeted");
            if (told - begun >= 500) continue;
            expect(told).toBeGreaterThanOrEqual(greeted);
            return;
          }
        });

        it("that does not return keeps the client waiting for a moment only", async () => {
          const server = await slowToGreet(60_000);
          await connected(client(server).socket);
          expect(server.program.lines.some((line) => "greeted" in line)).toBe(false);
          server.open();
          await server.program.line("greeted");
        });
      });
    }
  }
}
