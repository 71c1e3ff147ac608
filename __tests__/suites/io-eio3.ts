import type { Server, Socket as ServerSocket } from "socket.io";
import { afterEach, describe, expect, it } from "vitest";
import { bytesOf } from "../support/client.js";
import { within } from "../support/deadline.js";
import { httpRequest } from "../support/http-request.js";
import type { Reach, ServedIo } from "../support/io.js";
import { next, nextConnection, useIo } from "../support/io-stage.js";
import { connectV2, type SocketV2 } from "../support/io-v2.js";
import { frame, Opcode, RawWebSocket } from "../support/raw-websocket.js";

/** What is text and what is bytes, of every length that is written differently. */
const SIZES = [0, 1, 124, 125, 65_534, 65_535, 70_000];
const TEXT = "a€😀\u0000\u001e:4é";

/** Clients of Socket.IO 2, which speak Engine.IO 3. */
export function ioEio3(reach: Reach): void {
  const ours = !reach.name.startsWith("npm");

  describe(`clients of Socket.IO 2 (${reach.name})`, () => {
    const stage = useIo(reach);
    let undo: (() => unknown)[] = [];
    afterEach(() => {
      for (const step of undo) step();
      undo = [];
    });

    const serve = (options: object = {}) => stage.serve({ allowEIO3: true, ...options });

    function client(server: ServedIo, nsp = "/", options: object = {}): SocketV2 {
      const basic = { forceNew: true, reconnection: false, transports: [reach.transport] };
      const socket = connectV2(server.url + nsp, { ...basic, ...options });
      undo.push(() => socket.disconnect());
      return socket;
    }

    async function pair(
      server: ServedIo,
      nsp = "/",
      options: object = {},
    ): Promise<[SocketV2, ServerSocket, SocketV2["io"]["engine"]]> {
      const came = nextConnection(server.io.of(nsp));
      const socket = client(server, nsp, options);
      await next(socket, "connect");
      return [socket, await came, socket.io.engine];
    }

    it("connect with one id on both sides, which is the session's; auth is empty, the query in the handshake", async () => {
      const server = await serve();
      const [one, socket, engine] = await pair(server, "/", { query: { who: "ada" } });
      expect(socket.id).toBe(one.id);
      expect(socket.id).toBe(engine.id);
      expect(socket.conn.protocol).toBe(3);
      expect(socket.handshake.auth).toEqual({});
      expect(socket.handshake.query).toMatchObject({ EIO: "3", who: "ada" });
      expect(socket.conn.transport.name).toBe(reach.transport);
      expect(server.io.sockets.sockets.get(one.id)).toBe(socket);
    });

    it("events and acknowledgements cross both ways, with any text", async () => {
      const server = await serve();
      const [one, socket] = await pair(server);
      socket.on("ask", (text, answer) => answer(text, [text]));
      one.on("ask", (text, answer) => answer(text, [text]));
      for (const text of [TEXT, "", TEXT.repeat(9_000)]) {
        const asked = new Promise((resolve) => one.emit("ask", text, (...args: unknown[]) => resolve(args)));
        expect(await within(asked, "the server's answer")).toEqual([text, [text]]);
        const asking = new Promise((resolve) =>
          socket.emit("ask", text, (...args: unknown[]) => resolve(args)),
        );
        expect(await within(asking, "the client's answer")).toEqual([text, [text]]);
      }
    });

    for (const forceBase64 of [false, true]) {
      it(`binary crosses both ways, in acknowledgements too${forceBase64 ? ", as text where the client wants it so" : ""}`, async () => {
        const server = await serve();
        const [one, socket] = await pair(server, "/", { forceBase64 });
        const values = SIZES.map((size) => Buffer.alloc(size, size));
        socket.on("ask", (...args) => args.pop()({ back: args }, TEXT));
        one.on("ask", (...args) => args.pop()({ back: args }, TEXT));
        const received = (args: any[]) => [args[0].back.map(bytesOf), args[1]];
        const expected = [values.map(bytesOf), TEXT];
        const asked = new Promise<any[]>((resolve) =>
          one.emit("ask", ...values, (...args: unknown[]) => resolve(args)),
        );
        expect(received(await within(asked, "the server's answer"))).toEqual(expected);
        const asking = new Promise<any[]>((resolve) =>
          socket.emit("ask", ...values, (...args: unknown[]) => resolve(args)),
        );
        expect(received(await within(asking, "the client's answer"))).toEqual(expected);
      });
    }

    it("a namespace has a query, which is auth there, and an id that is the session's behind its name", async () => {
      const server = await serve();
      const [one, socket, engine] = await pair(server, "/a", { query: { token: "x y&z=1,2", n: 3 } });
      const nsp = server.io.of("/a");
      expect(socket.handshake.auth).toEqual({ token: "x y&z=1,2", n: "3" });
      expect(socket.id).toBe(one.id);
      expect(socket.id).toBe(`/a#${engine.id}`);
      expect(nsp.sockets.get(one.id)).toBe(socket);
      expect([...socket.rooms]).toEqual([one.id]);
      expect(new Set(nsp.adapter.rooms.get(one.id))).toEqual(new Set([one.id]));
      expect([...(await nsp.allSockets())]).toEqual([one.id]);
      expect((await nsp.in(one.id).fetchSockets()).map(({ id }) => id)).toEqual([one.id]);
      // Neither the session's own id nor that of another namespace is a room there.
      nsp.to(engine.id).to(`/b#${engine.id}`).emit("no");
      nsp.except(one.id).emit("no");
      const heard: string[] = [];
      one.on("no", () => heard.push("no"));
      const yes = next(one, "yes");
      nsp.to(one.id).emit("yes");
      await yes;
      expect(heard).toEqual([]);
      await socket.leave(one.id);
      expect((await nsp.in(one.id).fetchSockets()).length).toBe(0);
      await socket.join(one.id);
      expect((await nsp.in(one.id).fetchSockets()).length).toBe(1);
    });

    it("a broadcast reaches them and later clients alike, binary too, in rooms and but for some", async () => {
      const server = await serve();
      const [one, socketOne] = await pair(server);
      const [two] = await pair(server, "/", { forceBase64: true });
      const three = await stage.pair(server);
      socketOne.join("room");
      three.socket.join("room");
      const heard: Record<string, any[]> = { one: [], two: [], three: [] };
      one.on("event", (...args) => heard["one"]!.push(args));
      two.on("event", (...args) => heard["two"]!.push(args));
      three.client.socket.on("event", (...args: unknown[]) => heard["three"]!.push(args));
      const fences = Promise.all([next(one, "fence"), next(two, "fence"), three.client.next("fence")]);
      const values = SIZES.map((size) => Buffer.alloc(size, 7));
      server.io.emit("event", "all", ...values, TEXT);
      server.io.to("room").emit("event", "room", Buffer.from([1, 2]));
      server.io.except(one.id).emit("event", "except", Buffer.from([3]));
      socketOne.broadcast.emit("event", "broadcast");
      server.io.emit("fence");
      await fences;
      const plain = (args: any[]) =>
        args.map((value) => (typeof value === "string" ? value : bytesOf(value)));
      const all = ["all", ...values.map(bytesOf), TEXT];
      expect(heard["one"]!.map(plain)).toEqual([all, ["room", bytesOf(Buffer.from([1, 2]))]]);
      const except = ["except", bytesOf(Buffer.from([3]))];
      expect(heard["two"]!.map(plain)).toEqual([all, except, ["broadcast"]]);
      expect(heard["three"]!.map(plain)).toEqual([
        all,
        ["room", bytesOf(Buffer.from([1, 2]))],
        except,
        ["broadcast"],
      ]);
    });

    it("an acknowledgement of a broadcast is asked of all of them", async () => {
      const server = await serve();
      const [one] = await pair(server);
      const three = await stage.pair(server);
      one.on("ask", (answer) => answer(2));
      three.client.socket.on("ask", (answer: (value: number) => void) => answer(4));
      const answers = (await server.io.timeout(5_000).emitWithAck("ask")) as number[];
      expect(answers.sort()).toEqual([2, 4]);
    });

    it("who is refused hears an error: its text, or the data that came with it", async () => {
      const server = await serve();
      server.io.use((socket, go) =>
        socket.handshake.query["who"] === "ada" ? go() : go(new Error("no guests")),
      );
      server.io.of("/a").use((_socket, go) => go(Object.assign(new Error("no"), { data: { code: 7 } })));
      expect(await next(client(server), "error")).toBe("no guests");
      expect(await next(client(server, "/a", { query: { who: "ada" } }), "error")).toEqual({ code: 7 });
      const unknown = await next(client(server, "/b", { query: { who: "ada" } }), "error");
      // As Socket.IO 2 said it; later servers say it to them as to others.
      expect(unknown).toEqual(ours ? "Invalid namespace" : { message: "Invalid namespace" });
      await pair(server, "/", { query: { who: "ada" } });
    });

    it("their pings are answered, and keep the connection", async () => {
      const server = await serve({ pingInterval: 40, pingTimeout: 2_000 });
      const [one, socket] = await pair(server);
      for (let beats = 0; beats < 4; beats++) await next(one, "pong");
      expect([one.connected, socket.connected]).toEqual([true, true]);
    });

    it("one that does not ping is gone after interval and timeout, and not before", async () => {
      const server = await serve({ pingInterval: 1_000, pingTimeout: 1_500 });
      const came = nextConnection(server.io.of("/"));
      const raw = await open(server);
      const socket = await came;
      const gone = new Promise<string>((resolve) => socket.once("disconnect", resolve));
      await raw.nextStarting("40");
      // Each answer brings the next ping, for longer than one alone would have had.
      const begun = Date.now();
      let last = 0;
      while (last - begun < 2_700) {
        last = Date.now();
        raw.send("2");
        await raw.nextStarting("3");
      }
      expect(socket.connected).toBe(true);
      expect(await within(gone, "the end")).toBe("ping timeout");
      // Node's timers count from the beginning of a turn.
      expect(Date.now() - last).toBeGreaterThanOrEqual(2_490);
    });

    it("one that pongs has misunderstood, and is closed", async () => {
      const server = await serve();
      const came = nextConnection(server.io.of("/"));
      const raw = await open(server);
      const gone = next<string>(await came, "disconnect");
      raw.send("3");
      expect(await gone).toBe("transport error");
    });

    it("a disconnect is told on the other side, whoever began it", async () => {
      const server = await serve();
      const [one, first] = await pair(server);
      const left = next<string>(first, "disconnect");
      one.disconnect();
      expect(await left).toBe("client namespace disconnect");
      for (const [close, reason] of [
        [false, "io server disconnect"],
        [true, "io server disconnect"],
      ] as const) {
        const [two, second] = await pair(server, "/a");
        const told = next<string>(two, "disconnect");
        const ended = next<string>(second, "disconnect");
        second.disconnect(close);
        expect(await told).toBe(reason);
        expect(await ended).toBe("server namespace disconnect");
        expect(server.io.of("/a").sockets.size).toBe(0);
      }
      const [three, third] = await pair(server);
      const lost = next<string>(three, "disconnect");
      third.conn.close();
      expect(await lost).toMatch(/^transport close$|^transport error$/);
    });

    // npm's closes the connection where leaving and joining come in one read.
    if (ours) {
      it("a namespace that was left may be joined again on the same connection, under the same id", async () => {
        const server = await serve();
        const [keeper] = await pair(server, "/keeper", { forceNew: false, multiplex: true });
        const nsp = server.io.of("/a");
        const told: string[] = [];
        nsp.on("connection", (socket) => {
          told.push("came");
          socket.on("disconnect", () => told.push("went"));
          socket.join("room");
          socket.emit("rooms", [...socket.rooms]);
        });
        const one = keeper.io.socket("/a");
        undo.push(() => one.disconnect());
        const id = `/a#${keeper.io.engine.id}`;
        expect(await next(one, "rooms")).toEqual([id, "room"]);
        const rounds = 20;
        for (let round = 0; round < rounds; round++) {
          const again = next(one, "rooms");
          one.once("disconnect", () => one.connect());
          if (round % 2) nsp.disconnectSockets();
          else one.disconnect();
          expect(await again).toEqual([id, "room"]);
          expect(one.id).toBe(id);
          expect((await nsp.in("room").fetchSockets()).map((socket) => socket.id)).toEqual([id]);
        }
        expect(told).toEqual([...Array(rounds).fill(["came", "went"]).flat(), "came"]);
        expect(nsp.sockets.size).toBe(1);
      });
    }

    it("without allowEIO3 they are refused, and so are those that name no version", async () => {
      const server = await stage.serve();
      await next(client(server), "connect_error");
      for (const query of ["EIO=3&", "EIO=2&", ""]) {
        const answer = await get(server, query);
        expect([answer.status, answer.body]).toEqual([
          400,
          '{"code":5,"message":"Unsupported protocol version"}',
        ]);
      }
    });

    if (reach.transport === "websocket") {
      // npm's lets a second WebSocket take the place of the first.
      if (ours) {
        it("on a WebSocket, who knows the id can do nothing with it", async () => {
          const server = await serve();
          const [one, socket] = await pair(server);
          const query = `EIO=3&sid=${one.id}&`;
          expect((await get(server, query)).status).toBe(400);
          const url = `${server.url}/socket.io/?${query}transport=polling`;
          expect((await httpRequest(url, { method: "POST", body: "2:41" })).status).toBe(400);
          const second = await RawWebSocket.open("127.0.0.1", portOf(server.io), {
            query: `&EIO=3&sid=${one.id}`,
          });
          second.send("2probe");
          await second.closed();
          const answered = new Promise((resolve) => socket.emit("ask", resolve));
          one.on("ask", (answer) => answer("still"));
          expect(await within(answered, "the answer")).toBe("still");
        });
      }

      it("bytes that are no message close the connection, and nobody else's", async () => {
        const server = await serve();
        const [bystander] = await pair(server);
        for (const wrong of [[], [5], [4, 1, 2, 3]]) {
          const came = nextConnection(server.io.of("/"));
          const raw = await open(server);
          const gone = next<string>(await came, "disconnect");
          raw.write(frame(Opcode.binary, Buffer.from(wrong)));
          if (ours || wrong[0] === 4)
            expect(await gone).toMatch(/^parse error$|^forced close$|^transport error$/);
          raw.socket.destroy();
        }
        expect(bystander.connected).toBe(true);
      });
      return;
    }

    it("move from polling to WebSocket, and nothing is lost or out of order", async () => {
      const server = await serve();
      const came = nextConnection(server.io.of("/"));
      const one = client(server, "/", { transports: ["polling", "websocket"] });
      const numbers: number[] = [];
      one.on("number", (number, bytes) => numbers.push(bytesOf(bytes)[0] === number ? number : Number.NaN));
      const socket = await came;
      const back: number[] = [];
      socket.on("number", (number) => back.push(number));
      const upgraded = Promise.all([
        next(socket.conn as never, "upgrade"),
        new Promise((resolve) => one.io.engine.once("upgrade", resolve)),
      ]);
      let [sent, over] = [0, false];
      const send = () => {
        // Nothing behind the fence.
        if (over) return;
        sent++;
        socket.emit("number", sent % 256, Buffer.from([sent % 256]));
        one.emit("number", sent % 256);
        setImmediate(send);
      };
      undo.push(() => {
        over = true;
      });
      send();
      await within(upgraded, "the upgrade");
      over = true;
      const fence = next(one, "fence");
      socket.once("fence", () => socket.emit("fence"));
      one.emit("fence");
      await fence;
      expect(one.io.engine.transport.name).toBe("websocket");
      const all = Array.from({ length: sent }, (_, index) => (index + 1) % 256);
      expect(numbers).toEqual(all);
      expect(back).toEqual(all);
    });

    it("payloads are counted as they count; bytes go as bytes to those who take them", async () => {
      const server = await serve();
      server.io.on("connection", (socket) => {
        socket.on("echo", (...args) => socket.emit("echo", ...args));
      });
      for (const hears of [false, true]) {
        if (hears) server.io.engine.on("headers", (headers: any) => (headers["x-seen"] = "1"));
        const takesText = await session(server, "&b64=1");
        await takesText.post(packet('42["echo","€😀"]'));
        expect(await takesText.poll()).toEqual(["text/plain; charset=UTF-8", packet('42["echo","€😀"]')]);
        const event = '451-["echo",{"_placeholder":true,"num":0}]';
        await takesText.post(`${packet(event)}10:b4AQIDBA==`);
        expect((await takesText.poll())[1]).toBe(`${packet(event)}10:b4AQIDBA==`);

        const takesBytes = await session(server);
        await takesBytes.post(packet('42["echo","€😀"]'));
        expect(await takesBytes.poll()).toEqual(["text/plain; charset=UTF-8", packet('42["echo","€😀"]')]);
        const binary = Buffer.concat([
          Buffer.from([0, 4, 2, 255]),
          Buffer.from(event),
          Buffer.from([1, 5, 255, 4, 1, 2, 3, 4]),
        ]);
        await takesBytes.post(binary);
        expect(await takesBytes.poll()).toEqual(["application/octet-stream", binary.toString("latin1")]);
      }
    });

    it("a payload that is none ends its session, and no other", async () => {
      const server = await serve();
      const [bystander, socket] = await pair(server);
      const before = await session(server);
      const hostile: (string | Buffer)[] = [
        ...["", "abc", ":", "4:2", "-1:2", "99999999999999999999999:2", "1:22", "1:7", "4:b4A=", "1:3"],
        ...[`${"1:2".repeat(3)}2`, `${"9".repeat(400)}:2`, "2:4😀"],
        ...[[0, 1, 50], [0, 255, 50], [7], [0, 9, 9, 255, 50], [0, 1, 255], [1, 1, 255, 9]].map((bytes) =>
          Buffer.from(bytes),
        ),
      ];
      for (const body of ours ? hostile : ["abc", ":"]) {
        const victim = await session(server);
        const status = await victim.post(body).catch(() => 400);
        if (ours) expect([body, status]).toEqual([body, 400]);
        expect((await get(server, `EIO=3&sid=${victim.sid}&`)).status).toBe(400);
      }
      await before.post(packet('42["still"]'));
      expect([bystander.connected, socket.connected]).toEqual([true, true]);
      expect(server.log.at("error")).toEqual([]);
    });

    if (ours) {
      it("a body over the cap is refused, of bytes too; JSONP is refused by name", async () => {
        const server = await serve({ maxHttpBufferSize: 1_000 });
        for (const body of [packet(`4${"x".repeat(1_000)}`), Buffer.alloc(1_001)]) {
          expect(await (await session(server)).post(body)).toBe(413);
        }
        const answer = await get(server, "EIO=3&j=0&");
        expect([answer.status, answer.body]).toEqual([
          400,
          '{"code":3,"message":"Polling by JSONP is not supported"}',
        ]);
        expect((await get(server, "EIO=4&j=0&")).status).toBe(200);
      });
    }
  });

  const portOf = (io: Server) => (io.httpServer.address() as { port: number }).port;

  /** A WebSocket of version 3, by hand. */
  const open = ({ io }: ServedIo) => RawWebSocket.open("127.0.0.1", portOf(io), { query: "&EIO=3" });

  const get = ({ url }: ServedIo, query: string) =>
    httpRequest(`${url}/socket.io/?${query}transport=polling`);

  /** A polling session by hand, in `/`: `more` goes behind the query that opens it. */
  async function session(server: ServedIo, more = "") {
    const opened = (await get(server, `EIO=3${more}&`)).body;
    const { sid } = JSON.parse(opened.slice(opened.indexOf("{"), opened.indexOf("}") + 1)) as { sid: string };
    const query = `EIO=3&sid=${sid}&`;
    if (!opened.endsWith("2:40")) expect((await get(server, query)).body).toBe("2:40");
    return {
      sid,
      async post(body: string | Buffer): Promise<number> {
        const type = typeof body === "string" ? "text/plain;charset=UTF-8" : "application/octet-stream";
        const url = `${server.url}/socket.io/?${query}transport=polling`;
        return (await httpRequest(url, { method: "POST", headers: { "content-type": type }, body })).status;
      },
      /** The kind of what comes, and its bytes, of text as text. */
      async poll(): Promise<[string, string]> {
        const response = await fetch(`${server.url}/socket.io/?${query}transport=polling`);
        const type = response.headers.get("content-type") ?? "";
        const bytes = Buffer.from(await response.arrayBuffer());
        return [type, bytes.toString(type.startsWith("text/") ? "utf8" : "latin1")];
      },
    };
  }
}

const packet = (text: string) => `${text.length}:${text}`;
