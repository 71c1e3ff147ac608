import type { Dialogue } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import type { TestClient } from "../support/client.js";
import { gate, within } from "../support/deadline.js";
import { nothingEscapes } from "../support/escaped.js";
import { everyHook, HOOKS, live, rememberingOne } from "../support/every-hook.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve, Served } from "../support/server.js";
import { useStage } from "../support/stage.js";

/** What a hook may call, and what must be so on its next line. */
const CALLS = {
  trigger: (dialogue: Dialogue) => {
    expect(dialogue.trigger("side", { name: "message" }, "from the hook").isOk).toBe(true);
  },
  join: (dialogue: Dialogue) => {
    dialogue.getClients("witness")[0]!.join("third");
    expect(dialogue.isInRoom("witness", "third")).toBe(true);
  },
  deleteRoom: (dialogue: Dialogue) => {
    expect(dialogue.deleteRoom("chat")).toBe(true);
    expect(dialogue.room("chat")).toBeNull();
  },
  stop: (dialogue: Dialogue) => void dialogue.stop(),
} as const;

type Called = keyof typeof CALLS;

/** What the witness, a client in the rooms `side` and `chat`, must see of it. */
const SEEN: Record<Called, (witness: TestClient) => Promise<unknown>> = {
  trigger: (witness) => witness.next<any>("dialogue:event", ({ data }) => data === "from the hook"),
  join: (witness) => witness.next<any>("dialogue:joined", ({ roomId }) => roomId === "third"),
  deleteRoom: (witness) => witness.next<any>("dialogue:roomDeleted", ({ roomId }) => roomId === "chat"),
  stop: (witness) => witness.disconnected(),
};

/** Every hook calls back into what called it. */
export function callingBack(serve: Serve): void {
  const stage = useStage(serve);
  nothingEscapes();

  /** Serves, lives through every hook's occasion until `hook` has called, once. */
  async function callsOnce(hook: string, called: Called) {
    const done = gate();
    let armed = false;
    const failures: unknown[] = [];
    const call = (name: string) => {
      if (!armed || name !== hook) return;
      armed = false;
      try {
        CALLS[called](server.dialogue);
      } catch (error) {
        failures.push(error);
      }
      done.open();
    };
    const server: Served = await stage.serve({
      rooms: { chat: rememberingOne(), side: chatRoom(), third: chatRoom() },
      hooks: everyHook(call),
    });
    server.dialogue.on("chat", { name: "message" }, () => call("room.on"));
    const witness = await stage.connect(server, { userId: "witness" });
    await witness.join("side");
    await witness.join("chat");
    armed = true;
    const occasions = live(server.dialogue, stage.client(server, { userId: "ada" }));
    while (armed && !(await Promise.race([occasions.next(), done.opened]))?.done);
    await within(done.opened, `${hook} to be called`);
    return { server, witness, failures };
  }

  describe("calling back", () => {
    for (const hook of [...HOOKS, "room.on"]) {
      for (const called of Object.keys(CALLS) as Called[]) {
        it(`line 29: ${hook} may call ${called}`, async () => {
          const { server, witness, failures } = await callsOnce(hook, called);
          await SEEN[called](witness);
          expect(failures).toEqual([]);
          expect(server.log.at("error")).toEqual([]);
          await within(server.stop(), "the server to stop");
          await server.dialogue.start();
          const again = await stage.connect(server, { userId: "again" });
          expect((await again.ask("dialogue:join", { roomId: "side" })).ok).toBe(true);
        });
      }
    }
  });
}
