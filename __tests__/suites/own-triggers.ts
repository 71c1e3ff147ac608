import { defineEvent, Err, type EventMessage, Ok, type ResultLike } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { z as z3 } from "zod/v3";
import { ChildProgram } from "../support/child-program.js";
import { bytesOf } from "../support/client.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const message = { name: "message" };

/** Refusals as this package makes them, as a program may write them, and as slang-ts has them. */
const REFUSED = {
  "of this package": (error: string) => Err(error),
  "written by hand": (error: string): ResultLike<never, string> => ({ isErr: true, error }),
  "of slang-ts": (error: string) =>
    ({ type: "Err", isOk: false, isErr: true, error, expect: () => {} }) as unknown as ResultLike<
      never,
      string
    >,
};

/** What the server itself triggers is judged and decided on its own thread, by the same schema and the same hook. */
export function ownTriggers(serve: Serve): void {
  const stage = useStage(serve);

  const said = async (beforeEach: (message: EventMessage) => ResultLike<EventMessage, string>) => {
    const handled: EventMessage[] = [];
    const server = await stage.serve({
      rooms: { chat: chatRoom() },
      hooks: { events: { beforeEach: ({ message }) => beforeEach(message) } },
    });
    server.dialogue.on("chat", message, (heard) => void handled.push(heard));
    const client = await stage.connect(server);
    await client.join("chat");
    return { client, handled, room: server.dialogue.room("chat")! };
  };

  it("events are watched and decided however many there were", async () => {
    const program = new ChildProgram("large-numbers.mjs");
    stage.atEnd(() => program.kill());
    const { told, answers, last } = await program.line("told");
    expect(answers).toEqual(Array(12).fill(true));
    const each = [0, 1, 2, 3, 4, 5].flatMap((n) => [n, n === 0 ? 0 : -n]);
    expect(told).toEqual(each.map((data) => [data, { kept: true }]));
    expect(last).toBe(2 ** 32 + 10);
    expect(await program.exited()).toBe(0);
  });

  describe("the server's own trigger", () => {
    it("that beforeEach lets be has its handlers get the very data, and the client what was said", async () => {
      const { client, handled, room } = await said(Ok);
      const data = { n: 1 };
      expect(room.trigger(message, data, "ada", { urgent: true })).toMatchObject({ isOk: true });
      expect(handled[0]!.data).toBe(data);
      expect(await client.next("dialogue:event")).toMatchObject({
        ...{ event: "message", roomId: "chat", data, from: "ada", meta: { urgent: true }, offset: 1 },
      });
    });

    it("that beforeEach changes has its changed data and meta everywhere, and of the envelope nothing", async () => {
      const { client, handled, room } = await said(() =>
        Ok({
          event: "x",
          roomId: "y",
          from: "z",
          timestamp: 1,
          offset: 99,
          data: { n: 2 },
          meta: { by: "hook" },
        }),
      );
      room.trigger(message, { n: 1 }, "ada", { dropped: true });
      const heard = await client.next<EventMessage>("dialogue:event");
      const expected = {
        ...{ event: "message", roomId: "chat", from: "ada", offset: 1, data: { n: 2 }, meta: { by: "hook" } },
      };
      expect(heard).toMatchObject(expected);
      expect(heard.timestamp).toBeGreaterThan(1_600_000_000_000);
      expect(handled).toEqual([heard]);
      expect(await room.history("message", 0, 9)).toEqual([heard]);
    });

    it("carries binary through beforeEach, and may lose data and meta there", async () => {
      const { client, room } = await said((given) =>
        given.data === "nothing" ? Ok({ ...given, data: undefined, meta: undefined } as never) : Ok(given),
      );
      room.trigger(message, { blob: Uint8Array.from([0, 255]) }, "ada", { tag: Buffer.from([7]) });
      const { data, meta } = await client.next<EventMessage<any>>("dialogue:event");
      expect([bytesOf(data.blob), bytesOf(meta!["tag"])]).toEqual([[0, 255], [7]]);
      room.trigger(message, "nothing", "ada", { dropped: true });
      const bare = await client.next<EventMessage>("dialogue:event");
      expect(["data" in bare, "meta" in bare]).toEqual([false, false]);
    });

    for (const [shape, refused] of Object.entries(REFUSED)) {
      it(`refused by a result ${shape} is an Err with its reason, as it is one's own to a client`, async () => {
        const { client, handled, room } = await said(() => refused("not now"));
        const result = room.trigger(message, 1);
        expect(result.isErr && result.error).toBe("not now");
        const asked = { roomId: "chat", event: "message", data: 1 };
        expect(await client.ask("dialogue:trigger", asked)).toMatchObject({
          ...{ ok: false, code: "EVENT_BLOCKED", message: "not now" },
        });
        await client.caughtUp();
        expect([handled, client.all("dialogue:event"), await room.history("message", 0, 9)]).toEqual([
          [],
          [],
          [],
        ]);
      });

      it(`a join refused by a result ${shape} is JOIN_DENIED with its reason`, async () => {
        const server = await stage.serve({
          rooms: { chat: chatRoom() },
          hooks: { clients: { beforeJoin: () => refused("members only") } },
        });
        const client = await stage.connect(server);
        expect(await client.ask("dialogue:join", { roomId: "chat" })).toMatchObject({
          ...{ ok: false, code: "JOIN_DENIED", message: "members only" },
        });
        expect(client.all("dialogue:joined")).toEqual([]);
      });
    }
  });

  describe("a schema with an output of its own", () => {
    const shape = { "zod 4": z, "zod 3": z3 as unknown as typeof z };
    for (const [kind, lib] of Object.entries(shape)) {
      it(`of ${kind}: history is what clients saw, whoever triggered; beforeEach is not validated again`, async () => {
        const Dated = defineEvent("dated", {
          schema: lib.object({
            at: lib.coerce.date(),
            name: lib.string().transform((text) => text.toUpperCase()),
            n: lib.number().default(3),
          }),
          history: { enabled: true, limit: 5 },
        });
        const handled: unknown[] = [];
        const server = await stage.serve({
          rooms: { chat: chatRoom({ events: [Dated], defaultSubscriptions: ["*"] }) },
          hooks: {
            events: {
              beforeEach: ({ message }) =>
                Ok({ ...message, data: { ...(message.data as object), n: "four" } }),
            },
          },
        });
        const room = server.dialogue.room("chat")!;
        room.on(Dated, ({ data }) => void handled.push(data));
        const client = await stage.connect(server);
        await client.join("chat");
        const input = { at: "2020-01-01", name: "ada", extra: 1 };
        expect(await client.ask("dialogue:trigger", { roomId: "chat", event: "dated", data: input })).toEqual(
          {
            ok: true,
          },
        );
        expect(room.trigger(Dated, input as never)).toMatchObject({ isOk: true });
        await client.count("dialogue:event", 2);
        const output = { at: new Date("2020-01-01"), name: "ADA", n: "four" };
        expect(handled).toEqual([output, output]);
        const seen = client.all<EventMessage>("dialogue:event");
        expect(seen.map(({ data }) => data)).toEqual(
          Array(2).fill({ ...output, at: "2020-01-01T00:00:00.000Z" }),
        );
        expect((await room.history("dated", 0, 9)).reverse()).toEqual(seen);
        const page = await client.ask("dialogue:getHistory", { roomId: "chat", eventName: "dated" });
        expect(page["events"].toReversed()).toEqual(seen);
      });
    }
  });

  it("many who speak at once, on both lanes, are heard by all in one order, each in its own, and are all answered", async () => {
    const Judged = defineEvent("judged", { schema: z.object({ n: z.number() }).refine(() => true) });
    const room = chatRoom({ events: [{ name: "free" }, Judged], defaultSubscriptions: ["*"] });
    const server = await stage.serve({ rooms: { chat: room }, limits: { rate: false } });
    const crowd = await stage.crowd(server, 8);
    for (const client of crowd) await client.join("chat");
    const each = 100;
    const speak = (client: (typeof crowd)[number]) =>
      Array.from({ length: each }, (_, n) =>
        client.ask("dialogue:trigger", {
          ...{ roomId: "chat", event: n % 2 === 0 ? "free" : "judged", data: { n } },
        }),
      );
    const answers = await Promise.all(crowd.flatMap(speak));
    expect(answers.every(({ ok }) => ok)).toBe(true);
    const heard: EventMessage<{ n: number }>[][] = [];
    for (const client of crowd) {
      await client.count("dialogue:event", crowd.length * each);
      heard.push(client.all<EventMessage<{ n: number }>>("dialogue:event"));
    }
    for (const other of heard) expect(other).toEqual(heard[0]);
    for (let speaker = 0; speaker < crowd.length; speaker++) {
      const own = heard[0]!.filter(({ from }) => from === `user-${speaker}`);
      expect(own.map(({ data }) => data.n)).toEqual(Array.from({ length: each }, (_, n) => n));
    }
  });
}
