import type { EventMessage } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { eventually } from "../support/deadline.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const message = { name: "message" };

/** `room.on` and `dialogue.on`: who is called, when, in which order. */
export function handlers(serve: Serve): void {
  describe("handlers", () => {
    const stage = useStage(serve);

    it("see the server's and the clients' events alike, until they are ended", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const { dialogue } = server;
      const client = await stage.connect(server, { userId: "ada" });
      await client.join("chat");
      const byRoom: EventMessage[] = [];
      const byDialogue: EventMessage[] = [];
      const everything: string[] = [];
      const end = dialogue.room("chat")!.on(message, (event) => void byRoom.push(event));
      dialogue.on("chat", message, (event) => void byDialogue.push(event));
      dialogue.on("chat", { name: "*" }, (event) => void everything.push(event.event));
      dialogue.trigger("chat", message, 1);
      dialogue.trigger("chat", { name: "typing" }, 2);
      await client.ask("dialogue:trigger", {
        roomId: "chat",
        event: "message",
        data: { from: "client", bytes: Buffer.from([9]) },
        meta: { m: 1 },
      });
      await eventually(() => byDialogue.length === 2, "the client's event at the handler");
      expect(byRoom).toEqual(byDialogue);
      expect(byRoom[0]).toMatchObject({
        event: "message",
        roomId: "chat",
        data: 1,
        from: "system",
        offset: 1,
      });
      expect(byRoom[1]).toMatchObject({
        from: "ada",
        offset: 3,
        meta: { m: 1 },
        data: { from: "client", bytes: Buffer.from([9]) },
      });
      end();
      end();
      dialogue.trigger("chat", message, 3);
      expect([byRoom.length, byDialogue.length]).toEqual([2, 3]);
      expect(everything).toEqual(["message", "typing", "message", "message"]);
    });

    it("dialogue.on of an unknown room is a warning and nothing to end", async () => {
      const server = await stage.serve({});
      const end = server.dialogue.on("nowhere", message, () => {});
      expect(server.log.mentions("warn", "nowhere")).toBe(true);
      end();
    });

    it("have run when trigger returns, and get the payload as it was handed in", async () => {
      const { dialogue } = await stage.serve({ rooms: { chat: chatRoom() } });
      const seen: unknown[] = [];
      dialogue.on("chat", message, (event) => void seen.push(event.data));
      const when = new Date();
      dialogue.trigger("chat", message, { when });
      expect((seen[0] as { when: Date }).when).toBe(when);
    });

    it("run between onTriggered and afterEach", async () => {
      const calls: unknown[] = [];
      const server = await stage.serve({
        rooms: { chat: chatRoom() },
        hooks: {
          events: {
            onTriggered: (roomId, event) => void calls.push(["onTriggered", roomId, event.offset]),
            afterEach: ({ roomId, message: event, recipientCount, context }) =>
              void calls.push([
                "afterEach",
                roomId,
                event.offset,
                recipientCount,
                Object.keys(context.rooms),
              ]),
          },
        },
      });
      const [client] = await stage.crowd(server, 2);
      await client!.join("chat");
      server.dialogue.on("chat", message, (event) => void calls.push(["handler", event.offset]));
      server.dialogue.trigger("chat", message, 1);
      const expected = [
        ["onTriggered", "chat", 1],
        ["handler", 1],
        ["afterEach", "chat", 1, 1, ["chat"]],
      ];
      expect(calls).toEqual(expected);
      await client!.ask("dialogue:trigger", { roomId: "chat", event: "message", data: 2 });
      await eventually(() => calls.length === 6, "the hooks of a client's event");
      expect(calls.slice(3)).toEqual([
        ["onTriggered", "chat", 2],
        ["handler", 2],
        ["afterEach", "chat", 2, 1, ["chat"]],
      ]);
    });

    it("see offsets in order, whoever triggers", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const { dialogue } = server;
      const crowd = await stage.crowd(server, 4);
      const offsets: number[] = [];
      dialogue.on("chat", message, (event) => void offsets.push(event.offset!));
      for (const client of crowd) await client.join("chat");
      let triggered = 0;
      const answers = crowd.flatMap((client) =>
        Array.from({ length: 40 }, async () => {
          await client.ask("dialogue:trigger", { roomId: "chat", event: "message", data: "client" });
          if (dialogue.trigger("chat", message, "server").isOk) triggered++;
        }),
      );
      await Promise.all(answers);
      await eventually(() => offsets.length === 160 + triggered, "every event at the handler");
      expect(triggered).toBe(160);
      expect(offsets).toEqual(Array.from({ length: 320 }, (_, i) => i + 1));
      for (const client of crowd) {
        await client.count("dialogue:event", 320);
        expect(client.all<EventMessage>("dialogue:event").map((event) => event.offset)).toEqual(offsets);
      }
    });

    it("may trigger: the nested event's handlers have run when its trigger returns", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom(), log: chatRoom() } });
      const { dialogue } = server;
      const client = await stage.connect(server);
      await client.join("chat");
      const seen: unknown[] = [];
      dialogue.on("log", message, (event) => void seen.push(`log ${event.data}`));
      dialogue.on("chat", message, (event) => {
        const n = event.data as number;
        seen.push(`chat ${n}`);
        if (n < 3) expect(dialogue.trigger("chat", message, n + 1).isOk).toBe(true);
        dialogue.trigger("log", message, n);
        seen.push(`done ${n}`);
      });
      dialogue.trigger("chat", message, 1);
      expect(seen).toEqual([
        "chat 1",
        "chat 2",
        "chat 3",
        "log 3",
        "done 3",
        "log 2",
        "done 2",
        "log 1",
        "done 1",
      ]);
      await client.count("dialogue:event", 3);
      expect(client.all<EventMessage>("dialogue:event").map((event) => event.data)).toEqual([1, 2, 3]);
    });

    for (const inside of ["onTriggered", "the first handler", "afterEach"]) {
      it(`that trigger: every observer sees the events in their order, triggered in ${inside}`, async () => {
        const seen: Record<string, number[]> = {};
        const all: string[] = [];
        const observer = (name: string) => (event: EventMessage) => {
          const { offset = 0 } = event;
          seen[name] = [...(seen[name] ?? []), offset];
          all.push(`${name} ${offset}`);
          if (name === inside && offset < 3) {
            expect(dialogue.trigger("chat", message, offset + 1).isOk).toBe(true);
            // It has run for the event that it triggered, or is running for one before.
            expect(all).toContain(`the last handler ${offset + 1}`);
          }
          if (name === "the last handler") throw new Error("thrown");
          if (name === "a handler of all") return Promise.reject(new Error("rejected"));
          return undefined;
        };
        const tell = observer("afterEach");
        const { dialogue } = await stage.serve({
          rooms: { chat: chatRoom() },
          hooks: {
            events: {
              onTriggered: (_, event) => observer("onTriggered")(event),
              afterEach: ({ message: event }) => void tell(event),
            },
          },
        });
        dialogue.on("chat", message, observer("the first handler"));
        dialogue.on("chat", message, observer("the last handler"));
        dialogue.on("chat", { name: "*" }, observer("a handler of all"));
        dialogue.trigger("chat", message, 1);
        for (const offsets of Object.values(seen)) expect(offsets).toEqual([1, 2, 3]);
        expect(all.map((line) => line.slice(-1)).join("")).toBe("111112222233333");
      });
    }

    it("may all trigger, many of them: each sees every event once, in order", async () => {
      const { dialogue } = await stage.serve({ rooms: { chat: chatRoom() } });
      const count = 300;
      const seen = Array.from({ length: count }, (): number[] => []);
      for (const [number, offsets] of seen.entries()) {
        dialogue.on("chat", message, (event) => {
          offsets.push(event.offset!);
          if (event.offset === 1) dialogue.trigger("chat", message, number);
        });
      }
      dialogue.trigger("chat", message, "first");
      await eventually(() => seen.every((offsets) => offsets.length > count), "every event at every handler");
      const expected = Array.from({ length: count + 1 }, (_, i) => i + 1);
      for (const offsets of seen) expect(offsets).toEqual(expected);
    });

    it("that come and go while an event is told: one that was added waits for the next, one that was ended is not called", async () => {
      const { dialogue } = await stage.serve({ rooms: { chat: chatRoom() } });
      const seen: string[] = [];
      dialogue.on("chat", message, ({ offset }) => {
        if (offset !== 1) return;
        endOther();
        dialogue.on("chat", message, (event) => void seen.push(`added ${event.offset}`));
        dialogue.on("chat", { name: "*" }, (event) => void seen.push(`added for all ${event.offset}`));
      });
      const endOther = dialogue.on("chat", message, (event) => void seen.push(`ended ${event.offset}`));
      dialogue.trigger("chat", message, 1);
      expect(seen).toEqual([]);
      dialogue.trigger("chat", message, 2);
      expect(seen).toEqual(["added 2", "added for all 2"]);
    });

    it("line 30: that throw or reject are logged, and the others run", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const { dialogue } = server;
      const seen: unknown[] = [];
      dialogue.on("chat", message, () => {
        throw new Error("thrown");
      });
      dialogue.on("chat", message, () => Promise.reject(new Error("rejected")));
      dialogue.on("chat", message, (event) => void seen.push(event.data));
      expect(dialogue.trigger("chat", message, 1).isOk).toBe(true);
      expect(seen).toEqual([1]);
      await eventually(() => server.log.at("error").length >= 2, "both are logged");
    });

    it("may delete the room they are called in", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      server.dialogue.on("chat", message, () => void server.dialogue.deleteRoom("chat"));
      expect(server.dialogue.trigger("chat", message, 1).isOk).toBe(true);
      expect(server.dialogue.room("chat")).toBeNull();
      expect(server.dialogue.trigger("chat", message, 2).isErr).toBe(true);
    });

    it("line 30: a logger that throws harms nothing", async () => {
      const broken = () => {
        throw new Error("the disk is full");
      };
      const server = await stage.serve({
        rooms: { chat: chatRoom() },
        logger: { debug: broken, info: broken, warn: broken, error: broken },
        hooks: { clients: { onConnected: broken } },
      });
      server.dialogue.on("nowhere", message, () => {});
      server.dialogue.on("chat", message, broken);
      const client = await stage.connect(server);
      await client.join("chat");
      expect(server.dialogue.trigger("chat", message, 1).isOk).toBe(true);
      await client.next("dialogue:event");
    });
  });
}
