import { type ConnectedClient, type DialogueContext, Ok } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";
import { eventually, gate } from "../support/deadline.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

/** The observing hooks: when they are called, in which order, and that nothing they do harms. */
export function hooks(serve: Serve): void {
  describe("hooks", () => {
    const stage = useStage(serve);

    it("rooms: created (config rooms inside createDialogue), updated, deleted", async () => {
      const calls: string[] = [];
      const server = await stage.serve({
        rooms: { chat: chatRoom() },
        hooks: {
          rooms: {
            onCreated: (room) => void calls.push(`created ${room.id}`),
            onUpdated: (room) => void calls.push(`updated ${room.name}`),
            onDeleted: (roomId) => void calls.push(`deleted ${roomId}`),
          },
        },
        limits: { clientRooms: 1 },
      });
      expect(calls).toEqual(["created chat"]);
      server.dialogue.createRoom("den", chatRoom());
      server.dialogue.updateRoom("den", { name: "Lair" });
      server.dialogue.deleteRoom("den");
      await eventually(() => calls.includes("deleted den"), "onDeleted");
      const client = await stage.connect(server);
      await client.ask("dialogue:createRoom", { id: "theirs", name: "Theirs" });
      await client.ask("dialogue:deleteRoom", { roomId: "theirs" });
      await eventually(() => calls.includes("deleted theirs"), "onDeleted");
      expect(calls).toEqual([
        "created chat",
        "created den",
        "updated Lair",
        "deleted den",
        "created theirs",
        "deleted theirs",
      ]);
    });

    it("clients: joined and left whoever asked, left for every room whatever the cause", async () => {
      const calls: string[] = [];
      const server = await stage.serve({
        rooms: { a: chatRoom(), b: chatRoom({ maxSize: 1 }), c: chatRoom() },
        hooks: {
          clients: {
            onConnected: (client) => void calls.push(`connected ${client.userId}`),
            onDisconnected: (client) => void calls.push(`disconnected ${client.userId}`),
            onJoined: (client, roomId) => void calls.push(`joined ${client.userId} ${roomId}`),
            onLeft: (client, roomId) => void calls.push(`left ${client.userId} ${roomId}`),
          },
        },
      });
      const { dialogue } = server;
      const ada = await stage.connect(server, { userId: "ada" });
      await ada.join("a");
      dialogue.getClients("ada")[0]!.join("b");
      const bob = await stage.connect(server, { userId: "bob" });
      await bob.ask("dialogue:join", { roomId: "b" });
      await bob.ask("dialogue:join", { roomId: "nowhere" });
      await ada.ask("dialogue:leave", { roomId: "a" });
      await ada.join("a");
      dialogue.getClientRooms("ada").leaveAll();
      await ada.join("c");
      dialogue.deleteRoom("c");
      await ada.join("a");
      await ada.join("b");
      ada.close();
      await eventually(
        () => calls.filter((call) => call.startsWith("left ada")).length === 6,
        "every onLeft",
      );
      // In which order leaveAll goes through the rooms is nobody's promise.
      calls.splice(6, 2, ...calls.slice(6, 8).sort());
      expect(calls).toEqual([
        "connected ada",
        "joined ada a",
        "joined ada b",
        "connected bob",
        "left ada a",
        "joined ada a",
        "left ada a",
        "left ada b",
        "joined ada c",
        "left ada c",
        "joined ada a",
        "joined ada b",
        "disconnected ada",
        "left ada a",
        "left ada b",
      ]);
    });

    it("no command is handled before the synchronous part of onConnected has returned", async () => {
      const seen: unknown[] = [];
      const server = await stage.serve({
        rooms: { chat: chatRoom() },
        hooks: {
          clients: {
            onConnected: (client) => {
              // Long enough for the other process to send its commands meanwhile.
              const until = Date.now() + 500;
              while (Date.now() < until);
              seen.push(client.rooms(), server.dialogue.room("chat")!.size());
              client.send("greeting", "sent by onConnected");
            },
          },
        },
      });
      const program = new ChildProgram("joins-at-once.mjs", { URL: server.url });
      stage.atEnd(() => program.kill());
      const { received } = await program.line("received");
      expect(seen).toEqual([[], 0]);
      expect(received.slice(0, 3)).toEqual(["dialogue:connected", "greeting", "answer to dialogue:join"]);
      expect(received.slice(3).sort()).toEqual(["answer to dialogue:trigger", "dialogue:event"]);
    });

    it("onDisconnected still sees the rooms, whose places are free already; afterwards nothing is left", async () => {
      const seen: Record<string, unknown>[] = [];
      const server = await stage.serve({
        rooms: { chat: chatRoom({ maxSize: 1 }) },
        hooks: {
          clients: {
            onDisconnected: (client) => {
              const { dialogue } = server;
              seen.push({
                rooms: client.rooms(),
                found: dialogue.getClients("ada")[0] === client,
                of: dialogue.getClientRooms("ada").ids,
                inRoom: dialogue.isInRoom("ada", "chat"),
                size: dialogue.room("chat")!.size(),
                connected: client.socket.connected,
              });
            },
          },
        },
      });
      const { dialogue } = server;
      const client = await stage.connect(server, { userId: "ada" });
      await client.join("chat");
      const handle = dialogue.getClients("ada")[0]!;
      client.close();
      await eventually(() => seen.length === 1, "onDisconnected");
      expect(seen[0]).toEqual({
        rooms: ["chat"],
        found: true,
        of: ["chat"],
        inRoom: true,
        size: 0,
        connected: false,
      });
      await eventually(() => dialogue.getClients("ada").length === 0, "the client is forgotten");
      expect([handle.rooms(), dialogue.isInRoom("ada", "chat"), dialogue.getClientRooms("ada").ids]).toEqual([
        [],
        false,
        [],
      ]);
    });

    for (const observed of [true, false]) {
      it(`from onLeft on an ended client is nowhere, and still tells who it was; ${observed ? "behind" : "without"} onDisconnected`, async () => {
        const seen: unknown[] = [];
        let handle: ConnectedClient | undefined;
        let context: DialogueContext | undefined;
        const look = (name: string, client: ConnectedClient) => {
          const { dialogue } = server;
          seen.push([
            name,
            ...[client === handle, client.userId, client.meta["color"], client.auth?.jwt.sub],
            ...[client.socket.handshake.auth["color"], client.rooms(), dialogue.getClients("ada").length],
            ...[dialogue.getAllClients().length, dialogue.getClientRooms("ada").ids],
            ...[dialogue.isInRoom("ada", "chat"), Object.keys(context!.clients), context!.clients[client.id]],
          ]);
        };
        const server = await stage.serve({
          rooms: { chat: chatRoom(), den: chatRoom() },
          hooks: {
            socket: {
              authenticate: () => Ok({ jwt: { sub: "ada" } }),
              onConnect: (given) => {
                context = given.context;
              },
              onDisconnect: () => look("onDisconnect", handle!),
            },
            clients: {
              onConnected(client) {
                handle = client;
                client.meta["color"] = "blue";
              },
              ...(observed && {
                onDisconnected: (client) => {
                  seen.push(["onDisconnected", client.rooms(), server.dialogue.isInRoom("ada", "chat")]);
                },
              }),
              onLeft: (client, roomId) => look(`onLeft ${roomId}`, client),
            },
          },
        });
        const client = await stage.connect(server, { auth: { color: "blue" } });
        await client.join("chat");
        await client.join("den");
        client.close();
        const told = [true, "ada", "blue", "ada", "blue", [], 0, 0, [], false, [], undefined];
        const expected = [
          ...(observed ? [["onDisconnected", ["chat", "den"], true]] : []),
          ["onLeft chat", ...told],
          ["onLeft den", ...told],
          ["onDisconnect", ...told],
        ];
        await eventually(() => seen.length === expected.length, "all hooks");
        expect(seen).toEqual(expected);
      });
    }

    for (const [how, misbehave] of [
      [
        "throws",
        () => {
          throw new Error("secret of the hook");
        },
      ],
      ["rejects", () => Promise.reject(new Error("secret of the hook"))],
      ["never settles", () => gate().opened],
    ] as const) {
      it(`a hook that ${how} harms nothing`, async () => {
        const server = await stage.serve({
          rooms: { chat: chatRoom() },
          hooks: {
            rooms: { onCreated: misbehave, onUpdated: misbehave, onDeleted: misbehave },
            clients: {
              onConnected: misbehave,
              onDisconnected: misbehave,
              onJoined: misbehave,
              onLeft: misbehave,
            },
          },
        });
        for (let round = 0; round < 2; round++) {
          const client = await stage.connect(server, { userId: "ada" });
          await client.join("chat");
          await client.ask("dialogue:trigger", { roomId: "chat", event: "message", data: round });
          expect((await client.next<any>("dialogue:event")).data).toBe(round);
          await client.ask("dialogue:leave", { roomId: "chat" });
          server.dialogue.createRoom("den", chatRoom());
          server.dialogue.updateRoom("den", { name: "Lair" });
          expect(server.dialogue.deleteRoom("den")).toBe(true);
          await client.caughtUp();
          expect(JSON.stringify(client.received)).not.toContain("secret of the hook");
          client.close();
          await eventually(() => server.dialogue.getAllClients().length === 0, "the client is gone");
        }
        if (how !== "never settles")
          await eventually(
            () => server.log.at("error").length + server.log.at("warn").length >= 10,
            "the faults are logged",
          );
      });
    }

    it("hooks may call back into the server", async () => {
      const server = await stage.serve({
        rooms: { chat: chatRoom(), lobby: chatRoom() },
        hooks: {
          clients: {
            onConnected: (client) => client.join("lobby"),
            onJoined: (client, roomId) => {
              if (roomId === "lobby") client.join("chat");
              server.dialogue.trigger(roomId, { name: "message" }, `${client.userId} joined ${roomId}`);
            },
            onLeft: (_, roomId) => void server.dialogue.deleteRoom(roomId),
          },
        },
      });
      const client = await stage.connect(server, { userId: "ada" });
      await client.count("dialogue:event", 2);
      expect(
        client
          .all<any>("dialogue:event")
          .map((message) => message.data)
          .sort(),
      ).toEqual(["ada joined chat", "ada joined lobby"]);
      await client.ask("dialogue:leave", { roomId: "chat" });
      await eventually(() => server.dialogue.room("chat") === null, "the room deleted by onLeft");
    });
  });
}
