import { describe, expect, it } from "vitest";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

/** Every row of the wire protocol's table: the reply to an acknowledgement, and the event-style reply without one. */
export function commands(serve: Serve): void {
  describe("commands", () => {
    const stage = useStage(serve);

    async function alone(config: Parameters<Serve>[0] = {}) {
      const server = await stage.serve({
        rooms: {
          chat: chatRoom({ description: "Talk", maxSize: 5 }),
          silent: chatRoom({ name: "Silent", events: [] }),
        },
        limits: { clientRooms: 1 },
        ...config,
      });
      return { server, client: await stage.connect(server, { userId: "ada" }) };
    }

    it("join", async () => {
      const { client } = await alone();
      const answer = await client.ask("dialogue:join", { roomId: "chat" });
      expect(answer).toMatchObject({ ok: true, roomId: "chat", roomName: "Chat", offset: 0 });
      expect(typeof answer["epoch"]).toBe("string");
      expect(client.all("dialogue:joined")).toEqual([]);
      client.tell("dialogue:join", { roomId: "silent" });
      expect(await client.next("dialogue:joined")).toMatchObject({
        roomId: "silent",
        roomName: "Silent",
        offset: 0,
      });
    });

    it("leave, also by one who is not in the room", async () => {
      const { client, server } = await alone();
      await client.join("chat");
      expect(await client.ask("dialogue:leave", { roomId: "chat" })).toEqual({ ok: true, roomId: "chat" });
      expect(server.dialogue.room("chat")!.size()).toBe(0);
      expect(client.all("dialogue:left")).toEqual([]);
      expect(await client.ask("dialogue:leave", { roomId: "chat" })).toEqual({ ok: true, roomId: "chat" });
      await client.join("chat");
      client.tell("dialogue:leave", { roomId: "chat" });
      expect(await client.next("dialogue:left")).toEqual({ roomId: "chat" });
    });

    for (const [command, payload, reaches] of [
      ["dialogue:subscribe", { roomId: "chat", eventName: "typing" }, ["message", "typing"]],
      ["dialogue:subscribe", { roomId: "chat", eventName: "*" }, ["message", "typing"]],
      ["dialogue:subscribeAll", { roomId: "chat" }, ["message", "typing"]],
      ["dialogue:unsubscribe", { roomId: "chat", eventName: "message" }, []],
    ] as const) {
      it(`${command} ${"eventName" in payload ? payload.eventName : ""}`, async () => {
        const { client } = await alone();
        for (const withAcknowledgement of [true, false]) {
          await client.join("chat");
          if (withAcknowledgement) expect(await client.ask(command, payload)).toMatchObject({ ok: true });
          else client.tell(command, payload);
          const before = client.all("dialogue:event").length;
          for (const event of ["message", "typing"])
            client.tell("dialogue:trigger", { roomId: "chat", event, data: 1 });
          await client.caughtUp();
          const came = client.all<{ event: string }>("dialogue:event").slice(before);
          expect(came.map((message) => message.event)).toEqual([...reaches]);
          await client.ask("dialogue:leave", { roomId: "chat" });
        }
        expect(client.all("dialogue:error")).toEqual([]);
      });
    }

    it("trigger", async () => {
      const { client } = await alone();
      await client.join("chat");
      const before = Date.now();
      expect(
        await client.ask("dialogue:trigger", {
          roomId: "chat",
          event: "message",
          data: { text: "hi" },
          meta: { id: 7 },
        }),
      ).toMatchObject({ ok: true });
      const message = await client.next<any>("dialogue:event");
      expect(message).toEqual({
        event: "message",
        roomId: "chat",
        data: { text: "hi" },
        meta: { id: 7 },
        from: "ada",
        offset: 1,
        timestamp: expect.any(Number),
      });
      expect(message.timestamp).toBeGreaterThanOrEqual(before);
      expect(message.timestamp).toBeLessThanOrEqual(Date.now());
      client.tell("dialogue:trigger", { roomId: "chat", event: "message", data: 2 });
      const second = await client.next<any>("dialogue:event");
      expect(second).toMatchObject({ data: 2, offset: 2 });
      expect("meta" in second).toBe(false);
    });

    it("trigger without data is no malformed request, and null is not absence", async () => {
      const { client } = await alone();
      await client.join("chat");
      expect(await client.ask("dialogue:trigger", { roomId: "chat", event: "message" })).toMatchObject({
        ok: true,
      });
      expect((await client.next<any>("dialogue:event")).data).toBeUndefined();
      expect(
        await client.ask("dialogue:trigger", { roomId: "chat", event: "message", data: null }),
      ).toMatchObject({ ok: true });
      expect((await client.next<any>("dialogue:event")).data).toBeNull();
      const page = await client.ask("dialogue:getHistory", { roomId: "chat", eventName: "message" });
      expect(page["events"].map((event: { data?: unknown }) => event.data)).toEqual([null, undefined]);
    });

    it("trigger with a forged envelope changes nothing of it", async () => {
      const { client } = await alone();
      await client.join("chat");
      client.tell("dialogue:trigger", {
        roomId: "chat",
        event: "message",
        from: "system",
        timestamp: 1,
        offset: 99,
        data: { from: "system", timestamp: 1, roomId: "silent" },
      });
      const message = await client.next<any>("dialogue:event");
      expect(message).toMatchObject({
        from: "ada",
        roomId: "chat",
        offset: 1,
        data: { from: "system", timestamp: 1, roomId: "silent" },
      });
      expect(message.timestamp).toBeGreaterThan(1_600_000_000_000);
    });

    it("getHistory", async () => {
      const { client, server } = await alone();
      await client.join("chat");
      for (const n of [1, 2, 3]) server.dialogue.trigger("chat", { name: "message" }, n);
      const answer = await client.ask("dialogue:getHistory", { roomId: "chat", eventName: "message" });
      expect(answer).toMatchObject({ ok: true, roomId: "chat", eventName: "message", start: 0, end: 50 });
      expect(answer["events"].map((event: { data: number }) => event.data)).toEqual([3, 2, 1]);
      expect(client.all("dialogue:historyResponse")).toEqual([]);
      client.tell("dialogue:getHistory", { roomId: "chat", eventName: "message", start: 1, end: 2 });
      const reply = await client.next<any>("dialogue:historyResponse");
      expect(reply).toMatchObject({ roomId: "chat", eventName: "message", start: 1, end: 2 });
      expect(reply.events).toEqual([answer["events"][1]]);
      client.tell("dialogue:getHistory", { roomId: "chat" });
      expect(await client.next("dialogue:historyResponse")).toMatchObject({
        eventName: null,
        events: answer["events"],
      });
    });

    it("getHistory of an event without history, or of an unknown one, is empty", async () => {
      const { client } = await alone();
      await client.join("chat");
      await client.ask("dialogue:trigger", { roomId: "chat", event: "typing", data: 1 });
      for (const eventName of ["typing", "no such event", "__proto__"]) {
        expect(await client.ask("dialogue:getHistory", { roomId: "chat", eventName })).toMatchObject({
          ok: true,
          events: [],
        });
      }
    });

    it("listRooms", async () => {
      const { client, server } = await alone({
        rooms: {
          chat: chatRoom({ description: "Talk", maxSize: 5, createdById: "bob" }),
          hidden: chatRoom({ listed: false }),
          plain: chatRoom(),
        },
      });
      await client.join("chat");
      const rooms = [
        { id: "chat", name: "Chat", description: "Talk", size: 1, maxSize: 5, createdById: "bob" },
        { id: "plain", name: "Chat", size: 0 },
      ];
      expect(await client.ask("dialogue:listRooms")).toEqual({ ok: true, rooms });
      client.tell("dialogue:listRooms");
      expect(await client.next("dialogue:rooms")).toEqual(rooms);
      expect(server.dialogue.rooms().map((room) => room.id)).toEqual(["chat", "hidden", "plain"]);
    });

    it("createRoom and deleteRoom", async () => {
      const { client, server } = await alone();
      const bob = await stage.connect(server, { userId: "bob" });
      const room = { id: "den", name: "Den", description: "Ours", maxSize: 2 };
      const told = { ...room, size: 0, createdById: "ada" };
      expect(await client.ask("dialogue:createRoom", room)).toEqual({ ok: true, ...told });
      for (const one of [client, bob]) expect(await one.next("dialogue:roomCreated")).toEqual(told);
      expect(await client.ask("dialogue:deleteRoom", { roomId: "den" })).toEqual({ ok: true, roomId: "den" });
      for (const one of [client, bob])
        expect(await one.next("dialogue:roomDeleted")).toEqual({ roomId: "den" });

      client.tell("dialogue:createRoom", { id: "den", name: "Den" });
      for (const one of [client, bob])
        expect(await one.next("dialogue:roomCreated")).toEqual({
          id: "den",
          name: "Den",
          size: 0,
          createdById: "ada",
        });
      client.tell("dialogue:deleteRoom", { roomId: "den" });
      for (const one of [client, bob]) {
        expect(await one.next("dialogue:roomDeleted")).toEqual({ roomId: "den" });
        await one.caughtUp();
        expect(one.all("dialogue:roomDeleted").length).toBe(2);
        expect(one.all("dialogue:roomCreated").length).toBe(2);
      }
    });

    it("refresh without jwt is an invalid request", async () => {
      const { client } = await alone();
      expect(await client.ask("dialogue:refresh", { token: "a.b.c" })).toMatchObject({
        ok: false,
        code: "INVALID_REQUEST",
      });
      client.tell("dialogue:refresh", { token: "a.b.c" });
      expect(await client.next("dialogue:error")).toMatchObject({ code: "INVALID_REQUEST" });
    });

    it("an event that nobody knows is ignored", async () => {
      const { client } = await alone();
      client.tell("shout", { loud: true });
      client.tell("dialogue:dance", { roomId: "chat" });
      await client.caughtUp();
      expect(client.all("dialogue:error").every((error: any) => error.code === "INVALID_REQUEST")).toBe(true);
      expect(client.disconnects).toEqual([]);
    });
  });
}
