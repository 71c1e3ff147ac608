import type { DialogueConfig } from "dialogue-rs";
import type { Server, Socket } from "socket.io";
import { describe, expect, it } from "vitest";
import { eventually } from "../support/deadline.js";
import { connected, next } from "../support/io-stage.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

/** A program's own Socket.IO on the connections that Dialogue has. */
export function ioBesideDialogue(serve: Serve, transport: "websocket" | "polling"): void {
  describe(`io, beside Dialogue's own traffic (${transport})`, () => {
    const stage = useStage(serve);
    const transports = [transport];

    async function serving(config: Partial<DialogueConfig> = {}) {
      const server = await stage.serve({ rooms: { chat: chatRoom() }, ...config });
      return { ...server, url: server.url, io: server.dialogue.io as unknown as Server };
    }

    it("dialogue:connected comes first, then what a listener for connection sends", async () => {
      const server = await serving();
      server.io.on("connection", (socket) => {
        socket.emit("welcome", server.dialogue.getAllClients()[0]!.socket === (socket as unknown));
      });
      const client = await stage.connect(server, { userId: "ada", transports });
      expect(await client.next("welcome")).toBe(true);
      expect(client.received.map(({ event }) => event)).toEqual(["dialogue:connected", "welcome"]);
    });

    it("dialogue.io is a Server: by its class, and in all that its type says", async () => {
      const { Server: OurServer, Namespace, Socket: OurSocket } = await import("dialogue-rs/socket.io");
      class Chat extends OurServer {}
      const server = await serving({ socket: { path: "/live", connectTimeout: 7_000 } });
      const { io } = server.dialogue;
      expect([io instanceof OurServer, io instanceof Chat, io.sockets instanceof Namespace]).toEqual([
        ...[true, false, true],
      ]);
      expect(Object.prototype.isPrototypeOf.call(OurServer.prototype, io)).toBe(true);
      const declared = Object.getOwnPropertyNames(OurServer.prototype).filter(
        (name) => name !== "constructor",
      );
      for (const name of declared)
        expect([name, name in io && Reflect.get(io, name) !== undefined]).toEqual([name, true]);
      expect([io.path(), io.connectTimeout(), io.serveClient()]).toEqual(["/live", 7_000, false]);
      expect([io.serveClient(false) === io, io.bind(io.engine) === io]).toEqual([true, true]);
      for (const act of [
        () => io.path("/else"),
        () => io.connectTimeout(1),
        () => io.serveClient(true),
        () => io.bind({}),
        () => io.attach(0),
        () => io.listen(0),
      ])
        expect(act).toThrow(expect.objectContaining({ code: "INVALID_CONFIG" }));
      const plain = await serving();
      expect([plain.dialogue.io.path(), plain.dialogue.io.connectTimeout()]).toEqual(["/socket.io", 10_000]);
      const came = next<Socket>(plain.io, "connection");
      await stage.connect(plain, { transports });
      expect((await came) instanceof OurSocket).toBe(true);
    });

    it("dialogue:* is the engine's: listeners are not told, onAny is, and everything is handled", async () => {
      const server = await serving();
      const told: string[] = [];
      const overheard: unknown[] = [];
      server.io.on("connection", (socket) => {
        for (const event of ["dialogue:join", "dialogue:trigger", "dialogue:nonsense"])
          socket.on(event, () => void told.push(event));
        socket.use(([event], proceed) => {
          told.push(`use ${event}`);
          proceed();
        });
        socket.onAny((...args) => void overheard.push(args));
        socket.on("mine", (answer) => answer("own"));
      });
      const client = await stage.connect(server, { userId: "ada", transports });
      await client.join("chat");
      expect(await client.ask("dialogue:trigger", { roomId: "chat", event: "message", data: 1 })).toEqual({
        ok: true,
      });
      expect((await client.next("dialogue:event")).data).toBe(1);
      expect(await client.ask("mine")).toBe("own");
      expect(told).toEqual(["use mine"]);
      expect(overheard).toEqual([
        ["dialogue:join", { roomId: "chat" }],
        ["dialogue:trigger", { roomId: "chat", event: "message", data: 1 }],
        ["mine", expect.any(Function)],
      ]);
    });

    it("a room of io's that is named like one of Dialogue's is another room", async () => {
      const server = await serving();
      const connections: Socket[] = [];
      server.io.on("connection", (socket) => void connections.push(socket));
      const member = await stage.connect(server, { userId: "member", transports });
      const guest = await stage.connect(server, { userId: "guest", transports });
      await member.join("chat");
      const [memberSocket, guestSocket] = connections as [Socket, Socket];
      guestSocket.join("chat");
      expect([...memberSocket.rooms]).toEqual([memberSocket.id]);
      expect(
        server.dialogue
          .room("chat")!
          .participants()
          .map(({ userId }) => userId),
      ).toEqual(["member"]);
      server.io.to("chat").emit("io's");
      server.dialogue.trigger("chat", { name: "message" }, "Dialogue's");
      server.io.emit("fence");
      await Promise.all([member.next("fence"), guest.next("fence")]);
      const heard = [member, guest].map((client) =>
        client.received.map(({ event }) => event).filter((event) => /io's|event$/.test(event)),
      );
      expect(heard).toEqual([["dialogue:event"], ["io's"]]);
      guestSocket.leave("chat");
      expect(server.dialogue.deleteRoom("chat")).toBe(true);
      memberSocket.join("chat");
      expect([...memberSocket.rooms]).toEqual([memberSocket.id, "chat"]);
    });

    it("events to listeners and commands keep the order in which their client sent them", async () => {
      const seen: string[] = [];
      const server = await serving({
        hooks: {
          clients: { onJoined: () => void seen.push("joined"), onLeft: () => void seen.push("left") },
        },
      });
      server.io.on("connection", (socket) => void socket.on("n", (n) => void seen.push(`n ${n}`)));
      const client = await stage.connect(server, { userId: "ada", transports });
      client.tell("n", 1);
      client.tell("dialogue:join", { roomId: "chat" });
      client.tell("n", 2);
      client.tell("dialogue:leave", { roomId: "chat" });
      client.tell("n", 3);
      await eventually(() => seen.length === 5, "all was told");
      expect(seen).toEqual(["n 1", "joined", "n 2", "left", "n 3"]);
    });

    it("middleware of / runs behind authenticate, and either refuses", async () => {
      const seen: string[] = [];
      const server = await serving({
        hooks: {
          socket: {
            authenticate: ({ clientSocket }: any) => {
              const { user } = clientSocket.handshake.auth;
              seen.push(`authenticate ${user}`);
              return user === "stranger"
                ? { isErr: true, isOk: false, error: "who are you" }
                : { isOk: true, isErr: false, value: { jwt: { sub: user } } };
            },
          } as never,
        },
      });
      server.io.use((socket, proceed) => {
        const { user } = socket.handshake.auth;
        seen.push(`middleware ${user}`);
        socket.data.user = user;
        proceed(user === "enemy" ? Object.assign(new Error("not you"), { data: 1 }) : undefined);
      });
      server.io.on("connection", (socket) => void seen.push(`connection ${socket.data.user}`));
      const outcome = async (user: string) => {
        const client = stage.client(server, { auth: { user }, transports });
        return await connected(client.socket).then(
          () => "in",
          ({ message, data }) => [message, data],
        );
      };
      expect(await outcome("stranger")).toEqual(["who are you", { code: "UNAUTHORIZED" }]);
      expect(await outcome("enemy")).toEqual(["not you", 1]);
      expect(await outcome("friend")).toBe("in");
      expect(seen).toEqual([
        ...["authenticate stranger", "authenticate enemy", "middleware enemy"],
        ...["authenticate friend", "middleware friend", "connection friend"],
      ]);
      expect(server.dialogue.getAllClients().map(({ userId }) => userId)).toEqual(["friend"]);
    });

    it("the end of a client is told to Dialogue's hooks, then to its socket's listeners", async () => {
      const seen: unknown[] = [];
      const server = await serving({
        hooks: {
          clients: {
            onDisconnected: () => void seen.push("onDisconnected"),
            onLeft: (_, roomId) => void seen.push(`onLeft ${roomId}`),
          },
        },
      });
      server.io.on("connection", (socket) => {
        socket.join("mine");
        socket.on("disconnecting", () => void seen.push(["disconnecting", [...socket.rooms].slice(1)]));
        socket.on("disconnect", (reason) => void seen.push(["disconnect", reason, socket.rooms.size]));
      });
      const client = await stage.connect(server, { userId: "ada", transports });
      await client.join("chat");
      const socket = [...server.io.sockets.sockets.values()][0]!;
      const over = next(socket, "disconnect");
      client.close();
      await over;
      expect(seen).toEqual([
        ...["onDisconnected", "onLeft chat"],
        ["disconnecting", ["mine"]],
        ["disconnect", "client namespace disconnect", 0],
      ]);
    });

    for (const [how, end] of [
      ["one by one", (_: Server, socket: Socket) => void socket.disconnect()],
      ["all of a room", (io: Server) => void io.in("room").disconnectSockets()],
    ] as const) {
      it(`clients that the server sends away together, ${how}, leave their room one after the other`, async () => {
        const server = await serving();
        const seen: number[] = [];
        server.io.on("connection", (socket) => {
          void socket.join("room");
          socket.on("bye", () => end(server.io, socket));
          socket.on("disconnect", () => {
            seen.push(server.io.sockets.adapter.rooms.get("room")?.size ?? 0);
          });
        });
        const clients = await stage.crowd(server, 4, "user", { transports });
        await eventually(() => server.io.sockets.adapter.rooms.get("room")?.size === 4, "all are there");
        for (const client of how === "one by one" ? clients : clients.slice(0, 1)) client.socket.emit("bye");
        await eventually(() => seen.length === 4, "all are gone");
        expect(seen).toEqual([3, 2, 1, 0]);
      });
    }

    it("other namespaces are io's alone: no client of Dialogue's, no hooks", async () => {
      const calls: string[] = [];
      const server = await serving({
        hooks: {
          clients: {
            onConnected: () => void calls.push("connected"),
            onDisconnected: () => void calls.push("disconnected"),
          },
        },
      });
      const arrival = next<Socket>(server.io.of("/own"), "connection");
      const client = stage.client({ url: `${server.url}/own` }, { transports });
      await connected(client.socket);
      const socket = await arrival;
      const heard = next(socket, "dialogue:join");
      client.tell("dialogue:join", { roomId: "chat" });
      expect(await heard).toEqual({ roomId: "chat" });
      expect([server.dialogue.getAllClients(), server.io.sockets.sockets.size]).toEqual([[], 0]);
      const over = next(socket, "disconnect");
      client.close();
      await over;
      expect(calls).toEqual([]);
    });
  });
}
