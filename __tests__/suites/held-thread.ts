import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LimitsConfig, SocketOptions } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";
import type { Answer, TestClient } from "../support/client.js";
import { eventually, gate } from "../support/deadline.js";
import { scaled } from "../support/scale.js";
import { serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

/** What `held-server.mjs` was told, by name. */
type Told = Record<
  "decided" | "heard" | "joined" | "left" | "gone" | "logged" | "asked" | "authenticated",
  any[]
>;

/** What waits for a JavaScript thread that does nothing is bounded, and what the bound means. */
export function heldThread(): void {
  const stage = useStage(serve);

  /** A server whose thread can be held, and `keeper`, a client in both of its rooms. */
  async function holdable(hooks: string, limits: LimitsConfig, socket: SocketOptions = {}) {
    const folder = mkdtempSync(join(tmpdir(), "dialogue-held-"));
    const GATE = join(folder, "gate");
    const program = new ChildProgram("held-server.mjs", {
      GATE,
      HOOKS: hooks,
      LIMITS: JSON.stringify(limits),
      SOCKET: JSON.stringify(socket),
    });
    stage.atEnd(() => {
      program.kill();
      rmSync(folder, { recursive: true });
    });
    const server = { url: `http://127.0.0.1:${(await program.line("port")).port}` };
    const keeper = await stage.connect(server, { userId: "keeper" });
    await keeper.join("plain");
    await keeper.join("judged");
    return {
      server,
      keeper,
      /** Bytes that the process has in memory. */
      resident: () => program.resident(),
      /** From here on the thread does nothing. */
      async hold() {
        say(keeper, "plain", "hold", undefined);
        await program.line("held");
      },
      /** Lets the thread go on; what it was told, once that `suffices`. */
      async release(suffices: (told: Told) => boolean = () => true): Promise<Told> {
        writeFileSync(GATE, "");
        let told: Told | undefined;
        let asked = 0;
        await eventually(async () => {
          // It is an event like others: a full queue may lose it, and what comes of it may come after its acknowledgement.
          await say(keeper, "plain", "tell", `told ${++asked}`);
          for (const line of program.lines) {
            for (const [name, value] of Object.entries(line))
              if (name.startsWith("told ")) told = value as Told;
          }
          return told !== undefined && suffices(told);
        }, "the thread told enough");
        return told!;
      },
    };
  }

  const losses = (logged: string[]) =>
    logged
      .map((line) => Number(/^(\d+) events were not told/.exec(line)?.[1] ?? 0))
      .reduce((a, b) => a + b, 0);

  const say = (client: TestClient, roomId: string, event: string, data: unknown): Promise<Answer> =>
    client.ask("dialogue:trigger", { roomId, event, data });
  const codes = (answers: Answer[]) => answers.map(({ ok, code }) => code ?? ok);
  const count = (length: number) => Array.from({ length }, (_, n) => n);

  describe("a JavaScript thread that is held", () => {
    it("observers lose their oldest, which is counted in the log, and are told the rest in order", async () => {
      const { keeper, hold, release } = await holdable("", { hookQueue: 100 });
      await hold();
      for (const n of count(1_000)) expect(await say(keeper, "plain", "note", { n })).toEqual({ ok: true });
      await keeper.count("dialogue:event", 1_001);
      const { heard, logged } = await release(({ heard, logged }) => losses(logged) + heard.length >= 1_000);
      // The queue held a hundred calls, and some of them were to tell: one each time that it was asked before the thread went on.
      expect(heard.length).toBeGreaterThan(50);
      expect(heard.length).toBeLessThanOrEqual(100);
      expect(heard).toEqual(
        count(1_000)
          .slice(-heard.length)
          .map((n) => [n + 2, n]),
      );
      expect(losses(logged)).toBe(1_000 - heard.length);
    });

    it("bytes are bounded as well as items", async () => {
      const { keeper, hold, release } = await holdable("", { hookQueueBytes: 100_000 });
      await hold();
      for (const n of count(100)) await say(keeper, "plain", "note", { n, text: "x".repeat(10_000) });
      const { heard } = await release();
      expect(heard.length).toBeLessThanOrEqual(10);
      expect(heard.at(-1)).toEqual([101, 99]);
    });

    it("a full queue refuses what is to be decided, at once; what it took is decided later, in order", async () => {
      const { server, keeper, hold, release } = await holdable("beforeEach", { hookQueue: 50 });
      const speaker = await stage.connect(server, { userId: "speaker" });
      await speaker.join("plain");
      await hold();
      const early = count(50).map((n) => say(speaker, "plain", "note", n));
      const late = count(20).map((n) => say(speaker, "plain", "note", 50 + n));
      expect(codes(await Promise.all(late))).toEqual(count(20).map(() => "OVERLOADED"));
      const { decided } = await release();
      expect(codes(await Promise.all(early))).toEqual(count(50).map(() => true));
      expect(decided).toEqual(count(50));
      const heard = keeper.all("dialogue:event").filter(({ event }) => event === "note");
      expect(heard.map(({ data }) => data)).toEqual(count(50));
    });

    it("what is overdue is refused while the thread is still held, and nobody is asked about it afterwards", async () => {
      const hooks = "authenticate beforeJoin";
      const { server, hold, release } = await holdable(hooks, { hookTimeout: 2_000 });
      const [speaker, joiner] = await stage.crowd(server, 2);
      await speaker!.join("judged");
      await hold();
      const answers = await Promise.all([
        say(speaker!, "judged", "judged", 1),
        say(speaker!, "judged", "judged", 2),
        joiner!.ask("dialogue:join", { roomId: "judged" }),
      ]);
      expect(codes(answers)).toEqual(["OVERLOADED", "OVERLOADED", "OVERLOADED"]);
      const refusal = await stage.client(server, { userId: "late" }).refusal();
      expect(refusal.data?.code).toBe("OVERLOADED");
      const { decided, asked, authenticated } = await release();
      expect(decided).toEqual([]);
      expect(asked).toEqual(["keeper plain", "keeper judged", "user-0 judged"]);
      expect(authenticated.toSorted()).toEqual(["keeper", "user-0", "user-1"]);
    });

    it("what is overdue keeps no place: an event that comes behind a block is decided", async () => {
      const limits = { hookQueue: 50, hookTimeout: 1_000 };
      const { server, hold, release } = await holdable("beforeEach", limits);
      const [speaker, other] = await stage.crowd(server, 2);
      for (const client of [speaker!, other!]) await client.join("plain");
      await hold();
      const early = count(50).map((n) => say(speaker!, "plain", "note", n));
      expect(codes(await Promise.all(early))).toEqual(count(50).map(() => "OVERLOADED"));
      // The thread is still held, and has taken none of those.
      const late = count(40).map((n) => say(other!, "plain", "note", 100 + n));
      const { decided } = await release(({ decided }) => decided.length >= 40);
      expect(codes(await Promise.all(late))).toEqual(count(40).map(() => true));
      expect(decided).toEqual(count(40).map((n) => 100 + n));
    });

    it("one who joins and leaves without end is not read on, and nobody else is refused or held up", async () => {
      const limits = { hookQueue: 1_600, hookTimeout: 60_000 };
      const { server, hold, release } = await holdable("onJoined onLeft onDisconnected", limits);
      const [restless, other] = await stage.crowd(server, 2);
      await hold();
      const pairs = scaled(2_000, 50_000);
      let answered = 0;
      const asked = count(2 * pairs).map(async (n) => {
        const { ok } = await restless!.socket
          .timeout(60_000)
          .emitWithAck(n % 2 === 0 ? "dialogue:join" : "dialogue:leave", { roomId: "judged" });
        if (ok) answered++;
      });
      await eventually(() => answered > 90, "its share is used up");
      for (let n = 0; n < 50; n++) {
        await other!.join("plain");
        await other!.ask("dialogue:getHistory", { roomId: "plain" });
      }
      const newcomer = await stage.connect(server, { userId: "newcomer" });
      await newcomer.join("judged");
      // A sixteenth of the queue; each answer that it got is a call that waits.
      expect(answered).toBe(101);
      const { joined, left } = await release(({ left }) => left.length >= pairs);
      await Promise.all(asked);
      const own = (told: string[]) => told.filter((line) => line === "user-0 judged").length;
      expect([answered, own(joined), own(left)]).toEqual([2 * pairs, pairs, pairs]);
      expect(joined).toContain("newcomer judged");
    }, 120_000);

    it("memory does not grow, whatever observers would be told", async () => {
      const { keeper, hold, release, resident } = await holdable("onJoined", {});
      const text = "x".repeat(200);
      // What a first burst takes and is kept: of the engine's threads, and of the room's.
      await hold();
      const flood = async (times: number) => {
        for (let n = 0; n < times; n += 500) {
          await Promise.all(count(500).map((m) => say(keeper, "plain", "note", { n: n + m, text })));
          keeper.received.length = 0;
        }
      };
      await flood(15_000);
      const before = resident();
      await flood(scaled(60_000, 2_000_000));
      const grown = resident() - before;
      console.log(`${grown} bytes more while the thread was held`);
      expect(grown).toBeLessThan(16 * 1_048_576);
      await release();
    }, 600_000);

    it("what waits behind an undecided event of its own connection is overdue no later than that", async () => {
      const hookTimeout = 500;
      const { keeper, hold } = await holdable("", { hookTimeout });
      await hold();
      const begun = performance.now();
      const asked = count(20).map((n) => say(keeper, "judged", "judged", n));
      expect(codes(await Promise.all(asked))).toEqual(count(20).map(() => "OVERLOADED"));
      // One after the other they would take twenty times as long.
      expect(performance.now() - begun).toBeLessThan(15 * hookTimeout);
    });

    it("commands wait behind a join that is not decided, in order; other connections do not", async () => {
      const { server, keeper, hold, release } = await holdable("beforeJoin", {});
      const joiner = await stage.connect(server, { userId: "joiner" });
      await hold();
      const order: string[] = [];
      const ask = async (verb: string, payload: object) => {
        const answer = await joiner.ask(`dialogue:${verb}`, { roomId: "plain", ...payload });
        order.push(`${verb} ${answer.code ?? answer.ok}`);
      };
      const note = { event: "note", data: { n: 1 } };
      const asked = [ask("join", {}), ask("trigger", note), ask("leave", {}), ask("trigger", note)];
      for (let n = 0; n < 20; n++) await say(keeper, "plain", "note", { n: 0 });
      expect(order).toEqual([]);
      await release();
      await Promise.all(asked);
      expect(order).toEqual(["join true", "trigger true", "leave true", "trigger NOT_IN_ROOM"]);
    });

    it("lifecycle hooks lose nothing, however little the queue may hold", async () => {
      const { server, hold, release } = await holdable("onJoined onLeft onDisconnected", { hookQueue: 5 });
      const crowd = await stage.crowd(server, 40);
      await hold();
      for (const client of crowd) {
        await client.join("judged");
        await client.ask("dialogue:leave", { roomId: "judged" });
        await client.join("judged");
      }
      for (const client of crowd) client.close();
      const { joined, left, gone } = await release(({ gone }) => gone.length === crowd.length);
      const each = (times: number) => crowd.flatMap((_, n) => Array(times).fill(`user-${n} judged`));
      expect(joined.slice(2)).toEqual(each(2));
      expect(left.toSorted()).toEqual(each(2).toSorted());
      expect(gone.toSorted()).toEqual(crowd.map((_, n) => `user-${n}`).toSorted());
    });

    it("who joined and is gone before that is told has joined all the same", async () => {
      const { server, hold, release } = await holdable("onJoined", {});
      const crowd = await stage.crowd(server, 10);
      await hold();
      for (const client of crowd) {
        await client.join("judged");
        client.close();
      }
      const { joined } = await release(({ joined }) => joined.length >= crowd.length + 2);
      expect(joined.filter((line) => line.endsWith("judged")).length).toBe(crowd.length + 1);
    });

    it("nobody is disconnected, though the pings are far shorter than the thread is held", async () => {
      const pinging = { pingInterval: 200, pingTimeout: 2_500 };
      const { server, keeper, hold, release } = await holdable("", {}, pinging);
      const [one, two] = await stage.crowd(server, 2, "user", { transports: ["polling"] });
      await hold();
      const pings = gate();
      let seen = 0;
      // So many take longer than a client waits for one.
      one!.socket.io.engine.on("ping", () => ++seen === 15 && pings.open());
      await pings.opened;
      expect([keeper, one!, two!].map(({ disconnects }) => disconnects)).toEqual([[], [], []]);
      await release();
    });
  });
}
