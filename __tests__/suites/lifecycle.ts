import { type AddressInfo, createServer } from "node:net";
import { createDialogue, type DialogueError } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import type { TestClient } from "../support/client.js";
import { eventually, gate, within } from "../support/deadline.js";
import { recordingLogger } from "../support/recording-logger.js";
import { chatRoom } from "../support/rooms.js";
import { scaled } from "../support/scale.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const message = { name: "message" };

/** start, stop, start again. */
export function lifecycle(serve: Serve): void {
  describe("start and stop", () => {
    const stage = useStage(serve);

    it("start: the same promise while running, one line with the address, the bound port", async () => {
      const log = recordingLogger();
      const dialogue = createDialogue({ port: 0, host: "127.0.0.1", rooms: {}, logger: log });
      stage.atEnd(() => dialogue.stop());
      expect(dialogue.port).toBe(0);
      const starting = dialogue.start();
      expect(dialogue.start()).toBe(starting);
      await starting;
      expect(dialogue.start()).toBe(starting);
      expect(dialogue.port).toBeGreaterThan(0);
      const lines = log.at("info").filter((entry) => JSON.stringify(entry).includes(String(dialogue.port)));
      expect(lines.length).toBe(1);
    });

    const many = scaled(200, 1_000);
    it(`line 32: stop with ${many} clients of which ten read nothing: all closed, and the others would reconnect`, async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const reading = await stage.crowd(server, many - 10, "user", { reconnection: true });
      const stalled = await Promise.all(Array.from({ length: 10 }, () => stage.raw(server)));
      await Promise.all(stalled.map((raw) => raw.joinEverything("chat")));
      for (const raw of stalled) raw.stopReading();
      const { dialogue } = server;
      await Promise.all(reading.map((client) => client.join("chat")));
      expect(dialogue.room("chat")!.size()).toBe(many);
      // More than a socket's buffers hold, within limits.sendBuffer: the ten have bytes waiting in the server.
      for (let n = 0; n < 80; n++) dialogue.trigger("chat", { name: "typing" }, "x".repeat(50_000));

      const { host, port } = server;
      await within(dialogue.stop(), "stop()", 20_000);
      expect(dialogue.getAllClients()).toEqual([]);
      const reasons = await Promise.all(reading.map((client) => client.disconnected()));
      expect(new Set(reasons)).toEqual(new Set(["transport close"]));
      expect(reading.every((client) => client.socket.active)).toBe(true);
      for (const raw of stalled) raw.read();
      await Promise.all(stalled.map((raw) => raw.closed()));
      await expectNobodyListens(host, port);
    }, 60_000);

    it("stop without patience: no client, no member, and each membership told to its end", async () => {
      const joined: string[] = [];
      const left: string[] = [];
      for (let round = 0; round < scaled(5, 50); round++) {
        const server = await stage.serve({
          rooms: { chat: chatRoom() },
          hooks: {
            clients: {
              onJoined: (client) => void joined.push(client.userId),
              onLeft: (client) => void left.push(client.userId),
            },
          },
          limits: { drain: 0 },
        });
        const crowd = await stage.crowd(server, 20, `round-${round}`);
        await Promise.all(crowd.map((client) => client.join("chat")));
        await within(server.dialogue.stop(), "stop()");
        expect([server.dialogue.getAllClients(), server.dialogue.room("chat")!.size()]).toEqual([[], 0]);
        await eventually(() => left.length >= joined.length, "everybody's leaving is told");
      }
      expect(joined.length).toBe(20 * scaled(5, 50));
      expect(left.toSorted()).toEqual(joined.toSorted());
    }, 60_000);

    it("start again on the same object: the same rooms, empty, with new epochs", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const { dialogue } = server;
      const room = dialogue.room("chat")!;
      const heard: unknown[] = [];
      room.on(message, (event) => void heard.push(event.data));
      const before = await (await stage.connect(server)).join("chat");
      room.trigger(message, 1);
      for (let round = 0; round < 3; round++) {
        await dialogue.stop();
        await dialogue.start();
        expect([
          dialogue.rooms().length,
          dialogue.room("chat") === room,
          room.size(),
          dialogue.getAllClients().length,
        ]).toEqual([1, true, 0, 0]);
        const client = await stage.connect(server);
        const again = await client.join("chat");
        expect(again["offset"]).toBe(0);
        expect(again["epoch"]).not.toBe(before["epoch"]);
        expect(room.trigger(message, round).isOk).toBe(true);
        expect(await client.next("dialogue:event")).toMatchObject({ data: round, offset: 1 });
      }
      expect(heard).toEqual([1, 0, 1, 2]);
    });

    it("line 32: stop twice, at once, before start, and by asyncDispose", async () => {
      const log = recordingLogger();
      const dialogue = createDialogue({ port: 0, host: "127.0.0.1", rooms: {}, logger: log });
      await dialogue.stop();
      await dialogue.start();
      await Promise.all([dialogue.stop(), dialogue.stop()]);
      await dialogue.stop();
      await dialogue.start();
      const { port } = dialogue;
      await dialogue[Symbol.asyncDispose]();
      await expectNobodyListens("127.0.0.1", port);
      expect(log.at("error")).toEqual([]);
    });

    it("line 32: stop while starting, while clients join, and inside a handler", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const { dialogue } = server;
      const crowd = await stage.crowd(server, 20);
      const stopped = gate();
      dialogue.on("chat", message, () => void dialogue.stop().then(stopped.open));
      for (const client of crowd) client.tell("dialogue:join", { roomId: "chat" });
      await crowd[0]!.join("chat");
      dialogue.trigger("chat", message, 1);
      await within(stopped.opened, "stop() inside a handler");
      await Promise.all(crowd.map((client: TestClient) => client.disconnected()));
      expect(crowd.every((client) => client.disconnects[0] === "transport close")).toBe(true);
      const starting = dialogue.start();
      await within(dialogue.stop(), "stop() while starting");
      await starting.catch(() => {});
    });

    it("PORT_IN_USE: names the port, and another Dialogue of this process that holds it", async () => {
      const first = await stage.serve({});
      const { port } = first;
      const second = createDialogue({ port, host: "127.0.0.1", rooms: {}, logger: recordingLogger() });
      stage.atEnd(() => second.stop());
      const error = await second.start().then(
        () => undefined,
        (reason: DialogueError) => reason,
      );
      expect(error).toMatchObject({ name: "DialogueError", code: "PORT_IN_USE" });
      expect(error!.message).toContain(String(port));
      expect(error!.message).toMatch(/another Dialogue|this process/i);
      await first.dialogue.stop();
      await second.start();
      expect(second.port).toBe(port);
    });

    it("PORT_IN_USE: taken by something else; free again, start works", async () => {
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
      const { port } = other.address() as AddressInfo;
      const dialogue = createDialogue({ port, host: "127.0.0.1", rooms: {}, logger: recordingLogger() });
      stage.atEnd(() => dialogue.stop());
      const error = await dialogue.start().then(
        () => undefined,
        (reason: DialogueError) => reason,
      );
      expect(error).toMatchObject({ code: "PORT_IN_USE" });
      expect(error!.message).toContain(String(port));
      expect(error!.message).not.toMatch(/another Dialogue|this process/i);
      await new Promise((resolve) => other.close(resolve));
      await dialogue.start();
      expect(dialogue.port).toBe(port);
    });

    it("two servers in one process know nothing of each other", async () => {
      const [a, b] = [
        await stage.serve({ rooms: { chat: chatRoom() } }),
        await stage.serve({ rooms: { chat: chatRoom() } }),
      ];
      const [ofA, ofB] = [await stage.connect(a), await stage.connect(b)];
      await ofA.join("chat");
      await ofB.join("chat");
      a.dialogue.trigger("chat", message, "a");
      await a.dialogue.stop();
      b.dialogue.trigger("chat", message, "b");
      expect((await ofB.next<any>("dialogue:event")).data).toBe("b");
      expect(ofB.all("dialogue:event").length).toBe(1);
      expect(ofB.disconnects).toEqual([]);
    });
  });
}

/** The port can be bound by somebody else. */
async function expectNobodyListens(host: string, port: number): Promise<void> {
  const probe = createServer();
  await within(
    new Promise<void>((resolve, reject) => {
      probe.once("error", reject);
      probe.listen(port, host, resolve);
    }),
    `port ${port} to be free`,
  );
  await new Promise((resolve) => probe.close(resolve));
}
