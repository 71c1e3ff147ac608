import { describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";
import { eventually } from "../support/deadline.js";
import { everyHook, HOOKS, live, rememberingOne } from "../support/every-hook.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

/** How often each is called in one `live`; a history hook at least so often. */
const TIMES: Record<string, number> = {
  "clients.beforeJoin": 2,
  "clients.onJoined": 2,
  "clients.onLeft": 2,
  "events.beforeEach": 3,
  "events.onTriggered": 3,
  "events.afterEach": 3,
  "rooms.onCreated": 2,
};

/** A hook is called whether or not others are installed beside it, and whether or not anybody has looked at the client. */
export function eachHook(serve: Serve): void {
  const stage = useStage(serve);

  describe("each hook", () => {
    for (const [beside, names] of [
      ["by itself", (hook: string) => [hook]],
      ["beside all others", () => HOOKS],
    ] as const) {
      for (const hook of HOOKS) {
        it(`${hook} is called, ${beside}`, async () => {
          const calls: string[] = [];
          const server = await stage.serve({
            rooms: { chat: rememberingOne() },
            hooks: everyHook((name) => void calls.push(name), names(hook)),
          });
          const client = stage.client(server, { userId: "ada" });
          for await (const _ of live(server.dialogue, client));
          const times = () => calls.filter((name) => name === hook).length;
          const expected = TIMES[hook] ?? 1;
          await eventually(() => times() >= expected, `${expected} of ${hook}`);
          await eventually(() => server.dialogue.getAllClients().length === 0, "the client is forgotten");
          if (hook !== "events.onCleanup") expect(times()).toBe(expected);
        });
      }
    }
  });

  it("each hook is called as a method of the object that it stands in", async () => {
    const astray = new Set<string>();
    const methods = (group: string, hooks: object): object => {
      const own: Record<string, unknown> = {};
      for (const [name, hook] of Object.entries(hooks)) {
        own[name] = function (this: unknown, ...given: unknown[]) {
          if (this !== own) astray.add(`${group}.${name}`);
          return hook(...given);
        };
      }
      return own;
    };
    const grouped = everyHook(() => {});
    const { authenticate } = grouped.socket!;
    for (const hooks of [
      Object.fromEntries(
        Object.entries(grouped).map(([group, own]) => [group, methods(group, own as object)]),
      ),
      methods("hooks", { authenticate }),
    ]) {
      const server = await stage.serve({ rooms: { chat: rememberingOne() }, hooks });
      const client = stage.client(server, { userId: "ada" });
      for await (const _ of live(server.dialogue, client));
      server.dialogue.trigger("chat", { name: "message" }, 1);
      await eventually(() => server.dialogue.getAllClients().length === 0, "the client is forgotten");
    }
    expect([...astray]).toEqual([]);
  });

  it("a command is answered, however soon it comes after authenticate let the client in", async () => {
    // The server has a thread of its own: in one with the client's, nothing could come too soon.
    const program = new ChildProgram("held-server.mjs", { HOOKS: "authenticate", LIMITS: "{}", GATE: "" });
    stage.atEnd(() => program.kill());
    const server = { url: `http://127.0.0.1:${(await program.line("port")).port}` };
    for (let n = 0; n < 1_000; n++) {
      const client = stage.client(server, { userId: "ada" });
      client.socket.once("dialogue:connected", () => client.tell("dialogue:join", { roomId: "plain" }));
      await client.connect();
      await client.next("dialogue:joined");
      client.close();
    }
  });
}
