import {
  defineEvent,
  Err,
  type EventMessage,
  Ok,
  type ResultLike,
  type ValidationIssue,
  validateEventData,
} from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { z as z3 } from "zod/v3";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

/** Results as this package makes them, as a program may write them, and as slang-ts has them. */
const ACCEPTED = {
  "of this package": <T>(value: T) => Ok(value),
  "written by hand": <T>(value: T): ResultLike<T, never> => ({ isOk: true, value }),
  "of slang-ts": <T>(value: T) =>
    ({ type: "Ok", isOk: true, isErr: false, value, expect: () => value }) as unknown as ResultLike<T, never>,
};

/** Hooks that decide: who connects, who joins, what is said. */
export function deciding(serve: Serve): void {
  const stage = useStage(serve);

  describe("authenticate", () => {
    for (const [shape, accepted] of Object.entries(ACCEPTED)) {
      it(`names the client by a result ${shape}, and its object is the client's auth`, async () => {
        const auth = { jwt: { sub: "ada", role: "admin" }, extra: [1] };
        const server = await stage.serve({
          hooks: { socket: { authenticate: async () => accepted(auth) } },
        });
        const client = await stage.connect(server, { userId: "eve", auth: { token: "secret" } });
        expect(client.all("dialogue:connected")[0].userId).toBe("ada");
        const [handle] = server.dialogue.getClients("ada");
        expect(handle!.auth).toBe(auth);
        expect(handle!.meta).toEqual({});
        expect(server.dialogue.getClients("eve")).toEqual([]);
      });
    }

    it("gets what the client sent and the socket that the program keeps", async () => {
      const seen: unknown[] = [];
      const server = await stage.serve({
        hooks: {
          authenticate: ({ authData, clientSocket, context }) => {
            seen.push(authData, clientSocket.id, Object.keys(context.clients));
            expect(clientSocket.connected).toBe(false);
            expect(clientSocket.handshake.auth).toEqual({ token: "t" });
            seen.push(clientSocket);
            return Ok({ jwt: { sub: "ada" } });
          },
        },
      });
      const client = await stage.connect(server, { auth: { token: "t" } });
      const [handle] = server.dialogue.getAllClients();
      expect(seen).toEqual([{ token: "t" }, client.socket.id, [], handle!.socket]);
      expect(seen[3]).toBe(handle!.socket);
    });

    it("refuses with its reason, and nobody is the system or nobody", async () => {
      const answers: ResultLike<{ jwt: { sub: string } }, string>[] = [
        Err("wrong password"),
        { isErr: true, error: "by hand" },
        Ok({ jwt: { sub: "system" } }),
        Ok({ jwt: { sub: "x".repeat(300) } }),
        Ok({ jwt: { sub: "" } }),
      ];
      const server = await stage.serve({ hooks: { authenticate: () => answers.shift()! } });
      const refusals = [];
      for (let n = 0; n < 5; n++) {
        const { message, data } = await stage.client(server).refusal();
        refusals.push([data?.code, message]);
      }
      expect(refusals.map(([code]) => code)).toEqual([
        ...["UNAUTHORIZED", "UNAUTHORIZED", "UNAUTHORIZED", "INVALID_REQUEST", "INTERNAL"],
      ]);
      expect(refusals[0]![1]).toBe("wrong password");
      expect(refusals[1]![1]).toBe("by hand");
      expect(server.dialogue.getAllClients()).toEqual([]);
    });
  });

  describe("beforeJoin", () => {
    it("is asked after the room was found and membership looked at, and before capacity", async () => {
      const asked: string[] = [];
      const server = await stage.serve({
        rooms: { chat: chatRoom({ maxSize: 1 }) },
        hooks: {
          clients: {
            beforeJoin: ({ client, roomId, room, context }) => {
              asked.push(`${client.userId} ${roomId} ${room.size()}`);
              expect(context.rooms[roomId]).toBe(room);
              return client.userId === "eve" ? Err("not you") : Ok();
            },
          },
        },
      });
      const eve = await stage.connect(server, { userId: "eve" });
      const ada = await stage.connect(server, { userId: "ada" });
      const bob = await stage.connect(server, { userId: "bob" });
      expect(await eve.ask("dialogue:join", { roomId: "nowhere" })).toMatchObject({ code: "ROOM_NOT_FOUND" });
      const denied = await eve.ask("dialogue:join", { roomId: "chat" });
      expect(denied).toMatchObject({ ok: false, code: "JOIN_DENIED", message: "not you" });
      await ada.join("chat");
      await ada.join("chat");
      expect(await bob.ask("dialogue:join", { roomId: "chat" })).toMatchObject({ code: "ROOM_FULL" });
      eve.tell("dialogue:join", { roomId: "chat" });
      expect(await eve.next("dialogue:error")).toMatchObject({ code: "JOIN_DENIED", roomId: "chat" });
      expect(asked).toEqual(["eve chat 0", "ada chat 0", "bob chat 1", "eve chat 1"]);
      expect(await eve.ask("dialogue:getHistory", { roomId: "chat" })).toMatchObject({ code: "NOT_IN_ROOM" });
      server.dialogue.updateRoom("chat", { maxSize: 5 });
      server.dialogue.getClients("eve")[0]!.join("chat");
      expect(asked.length).toBe(4);
      expect(server.dialogue.isInRoom("eve", "chat")).toBe(true);
    });
  });

  describe("beforeEach", () => {
    const said = async (beforeEach: (message: EventMessage) => ResultLike<EventMessage, string>) => {
      const server = await stage.serve({
        rooms: { chat: chatRoom() },
        hooks: { events: { beforeEach: ({ message }) => beforeEach(message) } },
      });
      const client = await stage.connect(server, { userId: "ada" });
      await client.join("chat");
      return { server, client };
    };
    const trigger = { roomId: "chat", event: "message", data: { n: 1 } };

    for (const [shape, accepted] of Object.entries(ACCEPTED)) {
      it(`changes data and meta by a result ${shape}, and of the envelope nothing`, async () => {
        const { client, server } = await said((message) =>
          accepted({
            ...message,
            data: { n: 2 },
            meta: { by: "hook" },
            from: "eve",
            roomId: "x",
            event: "y",
            timestamp: 1,
          }),
        );
        expect(await client.ask("dialogue:trigger", trigger)).toEqual({ ok: true });
        const message = await client.next<EventMessage>("dialogue:event");
        expect(message).toMatchObject({
          ...trigger,
          data: { n: 2 },
          meta: { by: "hook" },
          from: "ada",
          offset: 1,
        });
        expect(message.timestamp).toBeGreaterThan(1_600_000_000_000);
        expect(await server.dialogue.room("chat")!.history("message", 0, 1)).toEqual([message]);
      });
    }

    it("may change a message in place, and sees neither an offset nor what others do with it", async () => {
      const seen: EventMessage[] = [];
      const { client } = await said((message) => {
        seen.push({ ...message });
        (message.data as { n: number }).n = 5;
        message.meta = { in: "place" };
        return Ok(message);
      });
      await client.ask("dialogue:trigger", trigger);
      expect(await client.next("dialogue:event")).toMatchObject({ data: { n: 5 }, meta: { in: "place" } });
      expect("offset" in seen[0]!).toBe(false);
    });

    it("refuses with its reason, to clients and to the server's own trigger", async () => {
      const { client, server } = await said(() => Err("quiet, please"));
      const refused = await client.ask("dialogue:trigger", trigger);
      expect(refused).toMatchObject({ ok: false, code: "EVENT_BLOCKED", message: "quiet, please" });
      client.tell("dialogue:trigger", trigger);
      expect(await client.next("dialogue:error")).toMatchObject({ code: "EVENT_BLOCKED", event: "message" });
      const result = server.dialogue.trigger("chat", { name: "message" }, 1);
      expect(result.isErr && result.error).toBe("quiet, please");
      expect(await server.dialogue.room("chat")!.history("message", 0, 9)).toEqual([]);
    });

    it("carries binary through, and may add some", async () => {
      const { client } = await said((message) =>
        Ok({
          ...message,
          meta: { copy: (message.data as { blob: Buffer }).blob, more: Buffer.from("more") },
        }),
      );
      await client.ask("dialogue:trigger", { ...trigger, data: { blob: Buffer.from([0, 255]) } });
      const { data, meta } = await client.next<EventMessage<any>>("dialogue:event");
      expect(Buffer.from(data.blob)).toEqual(Buffer.from([0, 255]));
      expect(Buffer.from(meta!["copy"] as Buffer)).toEqual(Buffer.from([0, 255]));
      expect(Buffer.from(meta!["more"] as Buffer).toString()).toBe("more");
    });
  });

  describe("schemas", () => {
    const standard = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: (value: unknown) =>
          typeof value === "string"
            ? { value: { at: new Date(value), n: 3 } }
            : { issues: [{ message: "Expected a string", path: ["deep", { key: 0 }] }] },
      },
    };
    const schemas = {
      "zod 4": [
        z.object({ at: z.coerce.date(), n: z.number().default(3) }),
        { at: "2020-01-01" },
        { at: "x" },
      ],
      "zod 3": [
        z3.object({ at: z3.coerce.date(), n: z3.number().default(3) }),
        { at: "2020-01-01" },
        { at: "x" },
      ],
      "a Standard Schema": [standard, "2020-01-01", 5],
    } as const;
    for (const [kind, [schema, good, bad]] of Object.entries(schemas)) {
      it(`of ${kind}: hooks and handlers get the output, the wire and history its JSON, a refusal its words`, async () => {
        const Dated = defineEvent("dated", { schema: schema as never, history: { enabled: true, limit: 5 } });
        const seen: unknown[] = [];
        const server = await stage.serve({
          rooms: { chat: chatRoom({ events: [Dated], defaultSubscriptions: ["*"] }) },
          hooks: {
            events: {
              beforeEach: ({ message }) => {
                seen.push(message.data);
                return Ok(message);
              },
              onTriggered: (_, message) => void seen.push(message.data),
              afterEach: ({ message }) => void seen.push(message.data),
            },
          },
        });
        server.dialogue.on("chat", Dated, (message) => void seen.push(message.data));
        const client = await stage.connect(server);
        await client.join("chat");
        expect(await client.ask("dialogue:trigger", { roomId: "chat", event: "dated", data: good })).toEqual({
          ok: true,
        });
        expect((await client.next("dialogue:event")).data).toEqual({ at: "2020-01-01T00:00:00.000Z", n: 3 });
        expect(seen).toEqual(Array(4).fill({ at: new Date("2020-01-01"), n: 3 }));
        expect(new Set(seen).size).toBe(1);
        const refused = await client.ask("dialogue:trigger", { roomId: "chat", event: "dated", data: bad });
        const expected = validateEventData(Dated, bad);
        expect(refused).toMatchObject({
          code: "VALIDATION_FAILED",
          message: expected.isErr && expected.error,
          issues: expected.isErr && expected.issues,
        });
        client.socket.emit("dialogue:trigger", { roomId: "chat", event: "dated", data: bad });
        const told = { code: "VALIDATION_FAILED", roomId: "chat", event: "dated" };
        expect(await client.next("dialogue:error")).toMatchObject({ ...told, issues: refused["issues"] });
        const own = server.dialogue.trigger("chat", Dated, bad as never);
        expect(own.isErr && own.error).toBe(expected.isErr && expected.error);
        expect(own.isErr && own.issues).toEqual(refused["issues"]);
        expect((await server.dialogue.room("chat")!.history("dated", 0, 9)).length).toBe(1);
      });
    }

    it("name at most a hundred mistakes, however many a payload has and however long its keys are", async () => {
      const Numbers = defineEvent("numbers", { schema: z.record(z.string(), z.array(z.number())) });
      const server = await stage.serve({ rooms: { chat: chatRoom({ events: [Numbers] }) } });
      const client = await stage.connect(server);
      await client.join("chat");
      const many = { list: Array(50_000).fill("x") };
      const long = Object.fromEntries(
        Array.from({ length: 20 }, (_, n) => [`${n}`.repeat(20_000), Array(500).fill(null)]),
      );
      const heights = Object.fromEntries([["\ud800", ["x"]]]);
      for (const [data, atLeast] of [
        [many, 100],
        [long, 10],
        [heights, 1],
      ] as const) {
        const refused = await client.ask("dialogue:trigger", { roomId: "chat", event: "numbers", data });
        expect(refused).toMatchObject({ ok: false, code: "VALIDATION_FAILED" });
        const issues = refused["issues"] as ValidationIssue[];
        expect(issues.length).toBeGreaterThanOrEqual(atLeast);
        expect(issues.length).toBeLessThanOrEqual(100);
        expect(issues[0]!.path.length).toBe(2);
        expect(JSON.stringify(refused).length).toBeLessThan(64 * 1024);
        if (atLeast > 1) expect(refused["message"]).toMatch(/, and \d+ more$/);
      }
    });

    it("judge absent data too", async () => {
      const Text = defineEvent("text", { schema: z.string() });
      const Maybe = defineEvent("maybe", { schema: z.string().optional() });
      const server = await stage.serve({ rooms: { chat: chatRoom({ events: [Text, Maybe] }) } });
      const client = await stage.connect(server);
      await client.join("chat");
      expect(await client.ask("dialogue:trigger", { roomId: "chat", event: "maybe" })).toEqual({ ok: true });
      expect(await client.ask("dialogue:trigger", { roomId: "chat", event: "text" })).toMatchObject({
        ok: false,
      });
    });

    it("that are asynchronous are refused when a probe shows it, else from the first use on, logged once", async () => {
      const shown = defineEvent("shown", {
        schema: z
          .string()
          .nullable()
          .refine(async () => true),
      });
      await expect(stage.serve({ rooms: { chat: chatRoom({ events: [shown] }) } })).rejects.toMatchObject({
        code: "INVALID_CONFIG",
      });
      const hidden = defineEvent("hidden", { schema: z.string().refine(async () => true) });
      const server = await stage.serve({ rooms: { chat: chatRoom({ events: [hidden] }) } });
      const client = await stage.connect(server);
      await client.join("chat");
      for (let n = 0; n < 3; n++) {
        const refused = await client.ask("dialogue:trigger", { roomId: "chat", event: "hidden", data: "x" });
        expect(refused).toMatchObject({ code: "VALIDATION_FAILED" });
      }
      expect(server.log.at("error").length).toBe(1);
    });
  });
}
