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

  it("a client that comes and goes while nobody looks is refused, not remembered without end", async () => {
    const server = await slowToGreet(60_000);
    const client = await stage.raw(server);
    for (let i = 0; i < 1_000; i++) {
      client.send("40/io,");
      client.send("41/io,");
    }
    expect(await client.nextStarting("44/io,")).toBe(
      '44/io,{"message":"The server is overloaded","data":{"code":"OVERLOADED"}}',
    );
    // Each is told of twice, and the thread may have taken some before it was kept.
    const came = client.messages.filter((packet) => `${packet}`.startsWith("40/io,")).length;
    expect([came >= 50, came < 500]).toEqual([true, true]);
    server.open();
    const later = stage.client({ url: `${server.url}/io` });
    const isIn = () =>
      connected(later.socket).then(
        () => true,
        () => false,
      );
    await eventually(isIn, "another is let in");
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
