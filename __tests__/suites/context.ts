import { type DialogueContext, Ok } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

/** What hooks get as `context`: live views, the same objects as everywhere else. */
export function context(serve: Serve): void {
  const stage = useStage(serve);
  describe("context", () => {
    it("shows clients and rooms as they are, and gives the objects that everything else gives", async () => {
      let seen: DialogueContext | undefined;
      const server = await stage.serve({
        rooms: { chat: chatRoom(), den: chatRoom() },
        hooks: {
          clients: {
            beforeJoin: ({ context }) => {
              seen = context;
              return Ok();
            },
          },
        },
      });
      const ada = await stage.connect(server, { userId: "ada" });
      await ada.join("chat");
      const { clients, rooms, io } = seen!;
      const { dialogue } = server;
      const id = ada.socket.id!;
      expect(io).toBe(dialogue.io);
      expect(clients[id]).toBe(dialogue.getClients("ada")[0]);
      expect(clients[id]).toBe(dialogue.room("chat")!.participants()[0]);
      expect(rooms["chat"]).toBe(dialogue.room("chat"));
      expect([id in clients, "chat" in rooms, "nowhere" in rooms]).toEqual([true, true, false]);
      expect([Object.keys(clients), Object.keys(rooms)]).toEqual([[id], ["chat", "den"]]);

      const bob = await stage.connect(server, { userId: "bob" });
      dialogue.createRoom("new", chatRoom());
      expect(
        Object.values(clients)
          .map(({ userId }) => userId)
          .sort(),
      ).toEqual(["ada", "bob"]);
      const walked = [];
      for (const key in rooms) walked.push(key);
      expect(walked).toEqual(["chat", "den", "new"]);
      expect(Object.entries(rooms)[2]![1]).toBe(dialogue.room("new"));
      dialogue.deleteRoom("new");
      expect(rooms["new"]).toBeUndefined();
      expect({ ...rooms }).toEqual({ chat: dialogue.room("chat"), den: dialogue.room("den") });
      bob.close();
    });

    it("has nothing that is not there, and cannot be written", async () => {
      let seen: DialogueContext | undefined;
      const server = await stage.serve({
        rooms: { chat: chatRoom() },
        hooks: {
          events: {
            beforeEach: ({ context, message }) => {
              seen = context;
              return Ok(message);
            },
          },
        },
      });
      server.dialogue.trigger("chat", { name: "message" }, 1);
      const { clients, rooms } = seen!;
      for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
        expect([clients[name], rooms[name]]).toEqual([undefined, undefined]);
        expect([name in clients, name in rooms]).toEqual([false, false]);
      }
      expect(() => {
        (rooms as Record<string, unknown>)["chat"] = 1;
      }).toThrow();
      expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    });
  });
}
