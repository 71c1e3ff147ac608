import { Err, Ok } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

/** Half of a surrogate pair, as a cut emoji leaves it, and what takes its place in UTF-8. */
const HALF = "a\ud83d";
const REPLACED = "a\ufffd";
const BOTH = { [HALF]: [HALF, "\udf38b", REPLACED], deep: { text: `${HALF}\u{1f600}` } };

/** Texts that hold half a character: payloads carry them, names are refused and never become another one. */
export function halfCharacters(serve: Serve): void {
  describe("half a character", () => {
    const stage = useStage(serve);
    const message = { name: "message" };

    it("in data and meta crosses unchanged: to clients, handlers, hooks, history, and from each of them", async () => {
      const cleaned: unknown[] = [];
      const heard: unknown[] = [];
      const server = await stage.serve({
        rooms: { chat: chatRoom({ events: [{ name: "message", history: { enabled: true, limit: 3 } }] }) },
        hooks: {
          events: {
            beforeEach: ({ message: said }) =>
              Ok({ ...said, meta: { seen: said.data, half: HALF } as Record<string, unknown> }),
            onCleanup: (_room, _event, messages) => void cleaned.push(...messages.map(({ data }) => data)),
            onLoad: async (roomId, event) => [
              { event, roomId, data: BOTH, from: "ada", timestamp: 1, meta: { half: HALF } },
            ],
          },
        },
      });
      const room = server.dialogue.room("chat")!;
      room.on(message, ({ data, meta }) => void heard.push([data, meta]));
      const client = await stage.connect(server, { auth: { meta: BOTH } });
      await client.join("chat");
      expect(server.dialogue.getAllClients()[0]!.meta).toEqual({ meta: BOTH });
      const meta = { seen: BOTH, half: HALF };
      for (let sent = 0; sent < 2; sent++) {
        const asked = await client.ask("dialogue:trigger", { roomId: "chat", event: "message", data: BOTH });
        expect(asked.ok).toBe(true);
        expect(room.trigger(message, BOTH).isOk).toBe(true);
      }
      for (let came = 0; came < 4; came++)
        expect(await client.next("dialogue:event")).toMatchObject({ data: BOTH, meta });
      expect(heard).toEqual(Array(4).fill([BOTH, meta]));
      const newest = await room.history("message", 0, 2);
      expect(newest.map((said) => [said.data, said.meta])).toEqual(Array(2).fill([BOTH, meta]));
      expect(await room.history("message", 3, 4)).toMatchObject([{ data: BOTH, meta: { half: HALF } }]);
      expect(cleaned).toEqual([BOTH]);
      server.dialogue.getAllClients()[0]!.send("own", BOTH);
      expect(await client.next("own")).toEqual(BOTH);
    });

    it("in a name of the configuration is refused, and the field named", async () => {
      const make = (changes: object, id = "chat") => stage.serve({ rooms: { [id]: chatRoom(changes) } });
      for (const [field, changes] of [
        ["rooms.chat.name", { name: HALF }],
        ["rooms.chat.description", { description: HALF }],
        ["rooms.chat.events[0].name", { events: [{ name: HALF }] }],
        ["rooms.chat.defaultSubscriptions[0]", { defaultSubscriptions: [HALF] }],
        ["rooms.chat.createdById", { createdById: HALF }],
      ] as const) {
        await expect(make(changes)).rejects.toMatchObject({
          code: "INVALID_CONFIG",
          message: expect.stringContaining(`${field}: must not hold half a character`),
        });
      }
      await expect(make({}, HALF)).rejects.toMatchObject({ code: "INVALID_CONFIG" });
      const { dialogue, log } = await stage.serve({ rooms: { chat: chatRoom(), [REPLACED]: chatRoom() } });
      expect(() => dialogue.createRoom("b", chatRoom({ name: HALF }))).toThrow("name: must not hold half");
      expect(() => dialogue.updateRoom("chat", { description: HALF })).toThrow("must not hold half");
      expect([dialogue.createRoom(HALF, chatRoom()), dialogue.room(HALF)]).toEqual([null, null]);
      expect([dialogue.deleteRoom(HALF), dialogue.rooms().length]).toEqual([false, 2]);
      expect(log.mentions("warn", "half a character")).toBe(true);
    });

    it("in what the program names finds nobody else, and is refused", async () => {
      const server = await stage.serve({
        rooms: { chat: chatRoom({ events: [] }), [REPLACED]: chatRoom({ events: [] }) },
      });
      const { dialogue, log } = server;
      const client = await stage.connect(server, { userId: REPLACED });
      await client.join(REPLACED);
      const handle = dialogue.getClients(REPLACED)[0]!;
      expect(dialogue.getClients(HALF)).toEqual([]);
      expect([dialogue.isInRoom(HALF, REPLACED), dialogue.isInRoom(REPLACED, HALF)]).toEqual([false, false]);
      expect(dialogue.getClientRooms(HALF).ids).toEqual([]);
      dialogue.getClientRooms(HALF).leaveAll();
      handle.leave(HALF);
      expect(handle.rooms()).toEqual([REPLACED]);
      handle.subscribe(REPLACED, HALF);
      expect(handle.subscriptions(REPLACED)).toEqual(["message"]);
      expect(handle.subscriptions(HALF)).toEqual([]);
      handle.join(HALF);
      expect(log.entries.filter(({ level }) => level === "warn").length).toBe(3);
      const room = dialogue.room(REPLACED)!;
      for (const refused of [room.trigger({ name: HALF }, 1), room.trigger(message, 1, HALF)])
        expect(refused).toMatchObject({ isErr: true, error: expect.stringContaining("half a character") });
      expect(() => room.on({ name: HALF }, () => {})).toThrow("half a character");
      expect(await room.history(HALF, 0, 10)).toEqual([]);
    });

    it("in a user id of authenticate refuses that client, in the reason of an Err it is replaced", async () => {
      const server = await stage.serve({
        rooms: { chat: chatRoom() },
        hooks: {
          socket: {
            authenticate: ({ authData }) => {
              const { sub, reason } = authData as { sub: string; reason?: string };
              return reason === undefined ? Ok({ jwt: { sub } } as never) : Err(reason);
            },
          },
        },
      });
      const refused = await stage.client(server, { auth: { sub: HALF } }).refusal();
      expect(refused.data?.code).toBe("INTERNAL");
      expect(server.log.mentions("error", "socket.authenticate failed")).toBe(true);
      const told = await stage.client(server, { auth: { sub: "ada", reason: HALF } }).refusal();
      expect([told.data?.code, told.message]).toEqual(["UNAUTHORIZED", REPLACED]);
      await stage.connect(server, { auth: { sub: REPLACED } });
      const plain = await stage.serve({ rooms: { chat: chatRoom() } });
      const named = await stage.client(plain, { userId: HALF }).refusal();
      expect(named.message).toContain("must not hold half a character");
    });

    it("in what a client names is an error that names the field, and nobody leaves for it", async () => {
      const server = await stage.serve({
        rooms: { [REPLACED]: chatRoom() },
        limits: { clientRooms: 5 },
      });
      const client = await stage.connect(server);
      await client.join(REPLACED);
      for (const [command, payload, field] of [
        ["dialogue:join", { roomId: HALF }, "roomId"],
        ["dialogue:trigger", { roomId: REPLACED, event: HALF }, "event"],
        ["dialogue:subscribe", { roomId: REPLACED, eventName: HALF }, "eventName"],
        ["dialogue:createRoom", { id: "own", name: HALF }, "name"],
      ] as const) {
        const { ok, code, message: said } = await client.ask(command, payload);
        expect([command, ok, code]).toEqual([command, false, "INVALID_REQUEST"]);
        expect(said).toContain(`${field}: must not hold half a character`);
      }
      const strange = { roomId: REPLACED, event: "message", data: 1, [HALF]: HALF };
      expect((await client.ask("dialogue:trigger", strange)).ok).toBe(true);
      client.tell(`dialogue:${HALF}`, 1);
      client.tell(HALF, 1);
      await client.caughtUp();
      expect(client.disconnects).toEqual([]);
    });
  });
}
