import { getEventListeners } from "node:events";
import { createServer as createHttpServer, request } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import type { Duplex } from "node:stream";
import * as whole from "dialogue-rs";
import { createRoomContext, DialogueError, defineEvent, Err, Ok } from "dialogue-rs/client";
import type { Socket } from "socket.io-client";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ChildProgram } from "../support/child-program.js";
import { errorsOf, payloads, refusal, Told, useClients } from "../support/client-stage.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const Message = defineEvent<string>("message");

/** What a program does with `dialogue-rs/client` while the connection holds. */
export function client(serve: Serve): void {
  describe("the client", () => {
    const stage = useStage(serve);
    const clients = useClients();

    it("shares its values with the package: one DialogueError, one defineEvent", () => {
      expect([DialogueError, defineEvent, Ok, Err]).toEqual([
        whole.DialogueError,
        whole.defineEvent,
        whole.Ok,
        whole.Err,
      ]);
    });

    it("connects, joins, speaks, hears and leaves", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const ada = clients.client(server, { auth: { userId: "ada" } });
      expect([ada.state, ada.connected, ada.userId]).toEqual(["disconnected", false, ""]);
      const connecting = ada.connect();
      expect(ada.state).toBe("connecting");
      await connecting;
      expect([ada.state, ada.connected, ada.userId]).toEqual(["connected", true, "ada"]);
      const bob = await clients.connect(server, "bob");
      const [ofAda, ofBob] = await Promise.all([ada.join("chat"), bob.join("chat")]);
      expect([ofAda.roomId, ofAda.roomName]).toEqual(["chat", "Chat"]);
      expect(ada.getRoom("chat")).toBe(ofAda);
      const heard = payloads(ofBob);
      const said = await ofAda.trigger(Message, "hello", { tone: "warm" });
      expect(said.isOk).toBe(true);
      expect(await heard.count(1)).toEqual(["hello"]);
      ofBob.leave();
      expect(bob.getRoom("chat")).toBeUndefined();
      await ofAda.trigger("message", "again");
      const history = await ofAda.getHistory(Message);
      expect(history.map(({ data, from, offset }) => [data, from, offset])).toEqual([
        ["again", "ada", 2],
        ["hello", "ada", 1],
      ]);
      expect(history[1]!.meta).toEqual({ tone: "warm" });
      await bob.listRooms();
      expect(heard.all).toEqual(["hello"]);
      expect(await ofBob.trigger(Message, "from outside")).toMatchObject({
        isErr: true,
        error: { code: "NOT_IN_ROOM", roomId: "chat" },
      });
    });

    it("what comes right behind the answer to a join reaches handlers that are registered then", async () => {
      const server = await stage.serve({
        rooms: { chat: chatRoom({ syncHistoryOnJoin: true }) },
        hooks: {
          clients: {
            onJoined: () => {
              for (const n of [1, 2, 3]) server.dialogue.trigger("chat", { name: "message" }, n);
            },
          },
        },
      });
      const first = await clients.connect(server, "ada");
      expect(await payloads(await first.join("chat")).count(3)).toEqual([1, 2, 3]);
      const second = await clients.connect(server, "bob");
      const histories = new Told<unknown[]>();
      const room = await second.join("chat");
      second.onHistory((roomId, events) => histories.add([roomId, ...events.map(({ data }) => data)]));
      expect(await payloads(room).count(3)).toEqual([1, 2, 3]);
      expect(histories.all).toEqual([["chat", 3, 2, 1]]);
    });

    it("a refused join says why, to the one who asked", async () => {
      const server = await stage.serve({
        rooms: { chat: chatRoom({ maxSize: 1 }), staff: chatRoom() },
        hooks: {
          clients: {
            beforeJoin: ({ roomId }) => (roomId === "staff" ? Err("Staff only") : Ok()),
          },
        },
      });
      const [ada, bob] = [await clients.connect(server, "ada"), await clients.connect(server, "bob")];
      const errors = errorsOf(bob);
      await ada.join("chat");
      expect(await refusal(bob.join("chat"))).toMatchObject({
        name: "DialogueError",
        code: "ROOM_FULL",
        message: "Room 'chat' is at capacity",
        roomId: "chat",
        retryable: true,
      });
      expect(await refusal(bob.join("staff"))).toMatchObject({ code: "JOIN_DENIED", message: "Staff only" });
      expect(await refusal(bob.join("nowhere"))).toMatchObject({ code: "ROOM_NOT_FOUND" });
      expect(await refusal(bob.join(""))).toMatchObject({
        code: "INVALID_REQUEST",
        message: expect.stringContaining("roomId"),
      });
      expect(errors.all).toEqual([]);
      expect(bob.getRoom("chat")).toBeUndefined();
    });

    it("leaves nothing behind: a process that disconnected ends by itself", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const nobody = createServer();
      await new Promise<void>((resolve) => nobody.listen(0, "127.0.0.1", resolve));
      const { port } = nobody.address() as AddressInfo;
      await new Promise((resolve) => nobody.close(resolve));
      const program = new ChildProgram("client-ends.mjs", {
        URL: server.url,
        NOBODY: `http://127.0.0.1:${port}`,
      });
      stage.atEnd(() => program.kill());
      await program.line("ended");
      const said = performance.now();
      expect(await program.exited(15_000)).toBe(0);
      // Not the 10 s of a request, nor the minute of an attempt.
      expect(performance.now() - said).toBeLessThan(8_000);
    });

    it("goes by polling where WebSockets are refused, or swallowed", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      for (const swallow of [false, true]) {
        const held = new Set<Duplex>();
        const proxy = createHttpServer((incoming, outgoing) => {
          const { method, headers, url: path } = incoming;
          const asked = request(`${server.url}${path}`, { method: method!, headers }, (answer) => {
            outgoing.writeHead(answer.statusCode!, answer.headers);
            answer.pipe(outgoing);
          });
          asked.on("error", () => outgoing.destroy());
          incoming.pipe(asked);
        });
        proxy.on("upgrade", (_, socket) => {
          held.add(socket);
          socket.on("error", () => {});
          if (!swallow) socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
        });
        await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
        stage.atEnd(() => {
          for (const socket of held) socket.destroy();
          proxy.closeAllConnections();
          proxy.close();
        });
        const { port } = proxy.address() as AddressInfo;
        const ada = clients.client({ url: `http://127.0.0.1:${port}` }, { timeout: 3_000 });
        const connected = new Told<string>();
        ada.onConnect(() => connected.add(ada.state));
        void ada.connect();
        await connected.count(1);
        expect((await (await ada.join("chat")).trigger(Message, "by polling")).isOk).toBe(true);
        ada.disconnect();
      }
    });

    it("listens for the page's network only while it waits to try again", async () => {
      const server = await stage.serve({});
      const page = new EventTarget();
      const globals = globalThis as Record<string, unknown>;
      const own = Object.fromEntries(
        ["addEventListener", "removeEventListener"].map((name) => [name, globals[name]]),
      );
      globals["addEventListener"] = page.addEventListener.bind(page);
      globals["removeEventListener"] = page.removeEventListener.bind(page);
      stage.atEnd(() => Object.assign(globals, own));
      const waiting = () => getEventListeners(page, "online").length;
      const ada = await clients.connect(server);
      expect(waiting()).toBe(0);
      const [lost, back] = [new Told<number>(), new Told<number>()];
      ada.onDisconnect(() => lost.add(waiting()));
      ada.onConnect(() => back.add(waiting()));
      server.dialogue.getAllClients()[0]!.socket.conn.close();
      expect(await lost.count(1)).toEqual([1]);
      page.dispatchEvent(new Event("online"));
      expect(await back.count(1)).toEqual([0]);
      server.dialogue.getAllClients()[0]!.socket.conn.close();
      await lost.count(2);
      ada.disconnect();
      expect(waiting()).toBe(0);
    });

    it("a trigger that nobody waits for raises nothing, refused or lost", async () => {
      const escaped: unknown[] = [];
      const note = (error: unknown) => void escaped.push(error);
      process.on("unhandledRejection", note);
      stage.atEnd(() => process.off("unhandledRejection", note));
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const ada = await clients.connect(server);
      const room = await ada.join("chat");
      void room.trigger("nonsense", 1);
      void room.trigger("", 1);
      await ada.listRooms();
      void room.trigger(Message, "lost");
      ada.disconnect();
      void room.trigger(Message, "late");
      void ada.connect();
      ada.disconnect();
      await new Promise((resolve) => setImmediate(resolve));
      expect(escaped).toEqual([]);
    });

    it("is told what a schema found: path and message of each mistake", async () => {
      const Order = defineEvent("order", {
        schema: z.object({ items: z.array(z.object({ count: z.number() })), note: z.string() }),
      });
      const server = await stage.serve({ rooms: { chat: chatRoom({ events: [Order] }) } });
      const ada = await clients.connect(server, "ada");
      const room = await ada.join("chat");
      const wrong = { items: [{ count: 1 }, { count: "2" }] } as never;
      const refused = await room.trigger(Order, wrong);
      expect(refused.isErr && refused.error).toBeInstanceOf(DialogueError);
      const issues = [
        { path: ["items", 1, "count"], message: expect.any(String) },
        { path: ["note"], message: expect.any(String) },
      ];
      expect(refused).toMatchObject({ error: { code: "VALIDATION_FAILED", issues } });
      const own = server.dialogue.trigger("chat", Order, wrong);
      expect(own.isErr && own.issues).toEqual(refused.isErr && refused.error.issues);
      const other = await room.trigger("nonsense", 1);
      expect(other.isErr && "issues" in other.error).toBe(false);
    });

    it("createRoomContext: the same over a socket that the program holds", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const { socket } = await stage.connect(server, { userId: "ada" });
      const before = listeners(socket);
      await socket.emitWithAck("dialogue:join", { roomId: "chat" });
      const left = new Told<true>();
      const room = createRoomContext(socket, "chat", "Chat", () => left.add(true));
      const heard = payloads(room);
      expect([room.roomId, room.roomName]).toEqual(["chat", "Chat"]);
      expect((await room.trigger(Message, "hello")).isOk).toBe(true);
      expect(await heard.count(1)).toEqual(["hello"]);
      expect((await room.getHistory(Message)).length).toBe(1);
      expect(await room.trigger("nonsense", 1)).toMatchObject({ error: { code: "EVENT_NOT_ALLOWED" } });
      room.subscribe("typing");
      const typing = payloads(room, "typing");
      await room.getHistory(Message);
      server.dialogue.trigger("chat", { name: "typing" }, true);
      expect(await typing.count(1)).toEqual([true]);
      room.leave();
      expect(left.all).toEqual([true]);
      expect(listeners(socket)).toEqual(before);
      await socket.emitWithAck("dialogue:join", { roomId: "chat" });
      const again = createRoomContext(socket, "chat", "Chat", () => {});
      const closed = new Told<string>();
      again.onClosed(({ code }) => closed.add(code));
      server.dialogue.getAllClients()[0]!.leave("chat");
      expect(await closed.count(1)).toEqual(["NOT_IN_ROOM"]);
      expect(listeners(socket)).toEqual(before);
      socket.disconnect();
      expect(await again.trigger(Message, "late")).toMatchObject({ isErr: true });
    });

    it("createRoomContext goes on in a room that was made anew, once the program has joined it again", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const { socket } = await stage.connect(server, { userId: "ada" });
      await socket.emitWithAck("dialogue:join", { roomId: "chat" });
      const heard = payloads(createRoomContext(socket, "chat", "Chat", () => {}));
      for (const data of ["one", "two"]) server.dialogue.trigger("chat", Message, data);
      await heard.count(2);
      socket.disconnect();
      server.dialogue.deleteRoom("chat");
      server.dialogue.createRoom("chat", chatRoom());
      socket.connect();
      await socket.emitWithAck("dialogue:join", { roomId: "chat" });
      server.dialogue.trigger("chat", Message, "three");
      expect(await heard.count(3)).toEqual(["one", "two", "three"]);
    });
  });
}

/** How many listeners a socket has, by event. */
const listeners = (socket: Socket): unknown =>
  ["dialogue:event", "dialogue:left", "dialogue:roomDeleted"].map((name) => socket.listeners(name).length);
