import { type DialogueConfig, Err, type HooksConfig, Ok } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { eventually } from "../support/deadline.js";
import { nothingEscapes } from "../support/escaped.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const SECRET = "the exception's own words";

/** What a hook may do wrong. */
const FAULTS = {
  throws: () => {
    throw new Error(SECRET);
  },
  rejects: () => Promise.reject(new Error(SECRET)),
  "never settles": () => new Promise(() => {}),
  "returns the wrong thing": () => ({ not: "a result", of: SECRET }),
} as const;

type Fault = keyof typeof FAULTS;

const faulty = (fault: Fault) => FAULTS[fault] as () => never;

/** A hook that fails ends nothing but itself. */
export function faults(serve: Serve): void {
  const stage = useStage(serve);
  nothingEscapes();

  const serving = (hooks: HooksConfig, more: Partial<DialogueConfig> = {}) =>
    stage.serve({
      rooms: { chat: chatRoom() },
      hooks,
      limits: { hookTimeout: 2_000, clientRooms: 9 },
      ...more,
    });

  describe("a deciding hook", () => {
    for (const fault of Object.keys(FAULTS) as Fault[]) {
      it(`authenticate that ${fault} has refused`, async () => {
        const server = await serving({ socket: { authenticate: faulty(fault) } });
        const { message, data } = await stage.client(server).refusal();
        expect(data?.code).toBe(fault === "never settles" ? "OVERLOADED" : "INTERNAL");
        expect(message).not.toContain(SECRET);
        expect(server.dialogue.getAllClients()).toEqual([]);
      });

      it(`beforeJoin that ${fault} has refused`, async () => {
        const server = await serving({ clients: { beforeJoin: faulty(fault) } });
        const client = await stage.connect(server);
        const answer = await client.ask("dialogue:join", { roomId: "chat" });
        expect(answer).toMatchObject({ ok: false, code: "INTERNAL", message: "Internal error" });
        expect(server.dialogue.room("chat")!.size()).toBe(0);
        expect(server.log.at("error").length).toBe(1);
      });

      it(`beforeEach that ${fault} has refused, the server's own trigger too`, async () => {
        const server = await serving({ events: { beforeEach: faulty(fault) } });
        const client = await stage.connect(server);
        await client.join("chat");
        const answer = await client.ask("dialogue:trigger", { roomId: "chat", event: "message", data: 1 });
        expect(answer).toMatchObject({ ok: false, code: "INTERNAL", message: "Internal error" });
        const own = server.dialogue.trigger("chat", { name: "message" }, 1);
        expect(own.isErr && own.error).toBe("Internal error");
        expect(await server.dialogue.room("chat")!.history("message", 0, 9)).toEqual([]);
        expect(JSON.stringify(client.received)).not.toContain(SECRET);
      });
    }

    for (const [name, value] of Object.entries({
      undefined: undefined,
      "{}": {},
      "Ok(undefined)": Ok(undefined),
      "Ok({ jwt: {} })": Ok({ jwt: {} }),
      "Ok({ jwt: { sub: 7 } })": Ok({ jwt: { sub: 7 } }),
      "an Err without words": Err(undefined),
    })) {
      it(`authenticate that resolves to ${name} has refused`, async () => {
        const server = await serving({ authenticate: async () => value as never });
        expect((await stage.client(server).refusal()).data?.code).toBe("INTERNAL");
      });
    }

    it("beforeEach that gives what cannot be sent has refused, and a throw touches its own item only", async () => {
      const circle: { self?: unknown } = {};
      circle.self = circle;
      const wrong: unknown[] = [
        Ok(undefined),
        Ok("x"),
        Ok({}),
        Ok([]),
        Ok({ data: circle }),
        Ok({ data: 1, meta: [] }),
        Ok({ data: 1, meta: new Date() }),
        Ok({ data: 1, meta: Buffer.from("x") }),
        Ok({ data: { _placeholder: true, num: 7 } }),
        Ok({ data: 1n }),
      ];
      const count = 2 * wrong.length;
      const server = await serving({
        events: {
          beforeEach: ({ message }) => {
            const n = message.data as number;
            if (n % 2 === 0) return Ok(message);
            if (n === 1) throw new Error(SECRET);
            return wrong[(n - 1) / 2] as never;
          },
        },
      });
      const client = await stage.connect(server);
      await client.join("chat");
      const asked = Array.from({ length: count }, (_, n) =>
        client.ask("dialogue:trigger", { roomId: "chat", event: "message", data: n }),
      );
      const codes = (await Promise.all(asked)).map((answer) => answer.code ?? "ok");
      expect(codes).toEqual(Array.from({ length: count }, (_, n) => (n % 2 === 0 ? "ok" : "INTERNAL")));
      await client.caughtUp();
      expect(client.all("dialogue:event").map(({ data }) => data)).toEqual(
        Array.from({ length: wrong.length }, (_, n) => 2 * n),
      );
      await eventually(() => server.log.at("error").length === wrong.length, "each was logged once");
    });

    it("beforeEach that gives what cannot be sent: the server's own trigger is told of an internal error, its own fault by name", async () => {
      const server = await serving({
        events: { beforeEach: ({ message }) => Ok({ ...message, data: message.data ?? 1n }) },
      });
      const said = (data: unknown) => server.dialogue.trigger("chat", { name: "message" }, data);
      expect(said(undefined)).toMatchObject({ isErr: true, error: "Internal error" });
      expect(said(2n)).toMatchObject({ isErr: true, error: expect.stringContaining("BigInt") });
      expect(server.log.at("error").length).toBe(1);
    });
  });

  describe("an observing hook", () => {
    for (const fault of Object.keys(FAULTS) as Fault[]) {
      it(`that ${fault} is logged at most, and everything goes on`, async () => {
        const hook = faulty(fault);
        const server = await serving({
          socket: { onConnect: hook, onDisconnect: hook },
          clients: { onConnected: hook, onDisconnected: hook, onJoined: hook, onLeft: hook },
          rooms: { onCreated: hook, onUpdated: hook, onDeleted: hook },
          events: { afterEach: hook, onTriggered: hook, onCleanup: hook, onLoad: hook },
        });
        const heard: unknown[] = [];
        server.dialogue.on("chat", { name: "message" }, faulty(fault));
        server.dialogue.on("chat", { name: "message" }, ({ data }) => void heard.push(data));
        const client = await stage.connect(server, { userId: "ada" });
        await client.join("chat");
        expect(await client.ask("dialogue:trigger", { roomId: "chat", event: "message", data: 1 })).toEqual({
          ok: true,
        });
        expect(server.dialogue.trigger("chat", { name: "message" }, 2).isOk).toBe(true);
        expect(heard).toEqual([1, 2]);
        await client.ask("dialogue:createRoom", { id: "mine", name: "Mine" });
        server.dialogue.updateRoom("mine", { name: "Ours" });
        await client.ask("dialogue:deleteRoom", { roomId: "mine" });
        await client.ask("dialogue:leave", { roomId: "chat" });
        const page = await client.ask("dialogue:getHistory", { roomId: "chat", eventName: "message" });
        expect(page.code).toBe("NOT_IN_ROOM");
        await client.join("chat");
        client.close();
        await eventually(() => server.dialogue.getAllClients().length === 0, "the client is gone");
        await server.stop();
        expect(JSON.stringify(client.received)).not.toContain(SECRET);
        const isFault = fault === "throws" || fault === "rejects";
        if (isFault) expect(server.log.at("error").length).toBeGreaterThan(8);
      });
    }
  });

  it("hooks may call back into dialogue", async () => {
    const calls: string[] = [];
    const server = await serving({
      clients: {
        onConnected: (client) => client.join("chat"),
        onJoined: (client, roomId) => {
          calls.push(`joined ${roomId}`);
          server.dialogue.trigger(roomId, { name: "message" }, `welcome ${client.userId}`);
        },
        beforeJoin: ({ client }) => {
          client.send("asked", 1);
          return Ok();
        },
        onLeft: (_, roomId) => void calls.push(`left ${roomId}`),
      },
      events: {
        beforeEach: ({ message, roomId }) => {
          if (message.data === "delete") server.dialogue.deleteRoom(roomId);
          if (message.data === "twice") server.dialogue.trigger(roomId, { name: "message" }, "once more");
          return Ok(message);
        },
        onTriggered: (_, message) => {
          calls.push(String(message.data));
          if (message.data === "stop") void server.dialogue.stop();
        },
      },
    });
    const client = await stage.connect(server, { userId: "ada" });
    await client.next("dialogue:event", ({ data }) => data === "welcome ada");
    const say = (data: string, roomId = "chat") =>
      client.ask("dialogue:trigger", { roomId, event: "message", data });
    expect(await say("twice")).toEqual({ ok: true });
    expect(await say("delete")).toMatchObject({ code: "ROOM_NOT_FOUND" });
    server.dialogue.createRoom("other", chatRoom());
    await client.join("other");
    client.tell("dialogue:trigger", { roomId: "other", event: "message", data: "stop" });
    expect(await client.disconnected()).toBe("transport close");
    await server.stop();
    expect(calls).toEqual([
      ...["joined chat", "welcome ada", "once more", "twice", "left chat"],
      ...["joined other", "welcome ada", "stop", "left other"],
    ]);
  });
}
