import { connect, type Socket } from "node:net";
import { type LimitsConfig, Ok } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { TLS } from "../support/certificates.js";
import { eventually, within } from "../support/deadline.js";
import { httpRequest } from "../support/http-request.js";
import { REFERENCE_IO, STANDALONE_IO } from "../support/io.js";
import { RawWebSocket } from "../support/raw-websocket.js";
import { chatRoom } from "../support/rooms.js";
import { scaled } from "../support/scale.js";
import type { Serve, Served } from "../support/server.js";
import { useStage } from "../support/stage.js";
import { forged, SECRET } from "../support/tokens.js";

const POLLING = "/socket.io/?EIO=4&transport=polling";

/** What those can ask for who have not said who they are: how often, how much, and how many connections they hold meanwhile. */
export function beforeIdentity(serve: Serve): void {
  describe("before an identity", () => {
    const stage = useStage(serve);

    const bad = { token: forged({ alg: "HS256" }, { sub: "ada", exp: 9e9 }, "another secret") };

    /** Asks for a namespace again and again, always when it was answered; how often each code was the answer. */
    async function askForNamespaces(server: Served, count: number, auth: object, nsp = "") {
      const raw = await stage.raw(server);
      await raw.nextStarting("0");
      const codes: Record<string, number> = {};
      for (let n = 0; n < count; n++) {
        raw.send(`40${nsp}${JSON.stringify(auth)}`);
        const answer = await raw.nextStarting(`44${nsp}`);
        const { data } = JSON.parse(answer.slice(2 + nsp.length));
        codes[data.code] = (codes[data.code] ?? 0) + 1;
      }
      return codes;
    }

    it("connects: a socket that asks for signature checks is refused most of them, others are not", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() }, jwt: { secret: SECRET } });
      const codes = await askForNamespaces(server, 600, bad);
      // A hundred at once, and ten a second for as long as it took.
      expect(codes["UNAUTHORIZED"]).toBeGreaterThanOrEqual(100);
      expect(codes["UNAUTHORIZED"]).toBeLessThan(250);
      expect(codes["RATE_LIMITED"]).toBe(600 - codes["UNAUTHORIZED"]!);
      const good = { token: forged({ alg: "HS256" }, { sub: "ada", exp: 9e9 }) };
      const client = await stage.connect(server, { auth: good });
      expect(await client.ask("dialogue:join", { roomId: "chat" })).toMatchObject({ ok: true });
    });

    it("connects: authenticate is asked no oftener, and middleware of namespaces neither", async () => {
      let asked = 0;
      let passed = 0;
      const authenticate = () => {
        asked += 1;
        throw new Error("no");
      };
      const server = await stage.serve({ hooks: { authenticate }, limits: { connects: 2 } });
      server.dialogue.io.of("/own").use((_socket, next) => {
        passed += 1;
        next(Object.assign(new Error("no"), { data: { code: "OWN" } }));
      });
      const codes = await askForNamespaces(server, 300, {});
      expect(codes["RATE_LIMITED"]).toBeGreaterThan(200);
      expect(asked).toBe(300 - codes["RATE_LIMITED"]!);
      const own = await askForNamespaces(server, 300, {}, "/own,");
      expect(own["RATE_LIMITED"]).toBeGreaterThan(200);
      expect(passed).toBe(own["OWN"]!);
    });

    it("connects: one that connects and disconnects in a loop is slowed down too", async () => {
      let connected = 0;
      const onConnected = () => void connected++;
      const server = await stage.serve({ hooks: { clients: { onConnected } }, limits: { connects: 2 } });
      const raw = await stage.raw(server);
      await raw.nextStarting("0");
      let refused = 0;
      for (let n = 0; n < 100; n++) {
        raw.send("40");
        const answer = await raw.nextStarting("4", 15_000);
        if (answer.startsWith("44")) {
          refused += 1;
          expect(JSON.parse(answer.slice(2)).data).toEqual({ code: "RATE_LIMITED" });
          continue;
        }
        await raw.nextStarting('42["dialogue:connected"');
        raw.send("41");
      }
      expect(refused).toBeGreaterThan(40);
      await eventually(() => connected === 100 - refused, "all were told");
    });

    it("connects: false is no bound, and a connection may have as many namespaces as there can be", async () => {
      const free = await stage.serve({ jwt: { secret: SECRET }, limits: { connects: false } });
      expect(await askForNamespaces(free, 600, bad)).toEqual({ UNAUTHORIZED: 600 });

      const server = await stage.serve({});
      for (let n = 0; n < 100; n++) server.dialogue.io.of(`/n${n}`);
      const raw = await stage.raw(server);
      await raw.nextStarting("0");
      for (let n = 0; n < 100; n++) raw.send(`40/n${n},`);
      for (let n = 0; n < 100; n++) await raw.nextStarting(`40/n${n},`);
    });

    it("connectsPerAddress: a handshake over it is a 429, a further namespace RATE_LIMITED, other addresses go on", async () => {
      const limits = { connectsPerAddress: 1, connects: false, trustProxy: true } as const;
      const server = await stage.serve({ jwt: { secret: SECRET }, limits });
      const from = (address: string) => ({ headers: { "x-forwarded-for": address } });
      const raw = await stage.raw(server, from("203.0.113.7"));
      await raw.nextStarting("0");
      for (let n = 0; n < 200; n++) raw.send(`40${JSON.stringify(bad)}`);
      const codes: string[] = [];
      for (let n = 0; n < 200; n++) codes.push(JSON.parse((await raw.nextStarting("44")).slice(2)).data.code);
      const judged = codes.filter((code) => code === "UNAUTHORIZED").length;
      expect(judged).toBeGreaterThanOrEqual(100);
      expect(judged).toBeLessThan(150);
      expect(codes.filter((code) => code === "RATE_LIMITED").length).toBe(200 - judged);

      const statuses = async (address: string) => {
        const seen: number[] = [];
        for (let n = 0; n < 4; n++)
          seen.push((await httpRequest(`${server.url}${POLLING}`, from(address))).status);
        return seen;
      };
      expect(await statuses("203.0.113.7")).toContain(429);
      expect(await statuses("203.0.113.8")).toEqual([200, 200, 200, 200]);
      const answer = await httpRequest(`${server.url}${POLLING}`, from("203.0.113.7"));
      if (answer.status === 429) expect(JSON.parse(answer.body).code).toBe(3);
    });

    it("authBytes: larger is INVALID_REQUEST, and costs no identity", async () => {
      let asked = 0;
      const authenticate = () => {
        asked += 1;
        return Ok({ jwt: { sub: "ada" } });
      };
      const server = await stage.serve({ hooks: { authenticate } });
      const auth = (size: number) => {
        const rest = JSON.stringify({ name: "ada", text: "" }).length;
        return { name: "ada", text: "x".repeat(size - rest) };
      };
      await stage.connect(server, { auth: auth(16_384) });
      const refusal = await stage.client(server, { auth: auth(16_385) }).refusal();
      expect(refusal.data).toEqual({ code: "INVALID_REQUEST" });
      expect(refusal.message).toContain("limits.authBytes");
      expect(asked).toBe(1);
      const wide = await stage.serve({ limits: { authBytes: 100_000 } });
      await stage.connect(wide, { auth: auth(90_000) });
      // Of the program's own namespaces too.
      server.dialogue.io.of("/own");
      const raw = await stage.raw(server);
      raw.send(`40/own,${JSON.stringify(auth(20_000))}`);
      expect(await raw.nextStarting("44/own,")).toContain("INVALID_REQUEST");
    });

    /** Connections that say these bytes and nothing more; how many of them the server has closed. Made a few at a time, so that others come in between. */
    async function silent(server: Served, count: number, bytes: Uint8Array | string = "") {
      const sockets: Socket[] = [];
      stage.atEnd(() => {
        for (const socket of sockets) socket.destroy();
      });
      let closed = 0;
      while (sockets.length < count) {
        const opened = Array.from({ length: Math.min(16, count - sockets.length) }, () => {
          const socket = connect(server.port, server.host);
          socket.on("error", () => {}).on("close", () => void closed++);
          socket.resume().write(bytes);
          sockets.push(socket);
          return new Promise<void>((resolve) => {
            socket.once("connect", resolve).once("close", () => resolve());
          });
        });
        await within(Promise.all(opened), "the connections");
      }
      return { sockets, closed: () => closed };
    }

    const HALF_HELLO = Buffer.from("160301020001000200", "hex");
    const KEPT = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    const places = 128;
    for (const [what, bytes, tls] of [
      ["that say nothing", "", false],
      ["that say half a request", "GET /x HTTP/1.1\r\nHost: ", false],
      ["that were answered once", KEPT, false],
      ["that say nothing, where TLS is spoken", "", true],
      ["that say half of a TLS handshake", HALF_HELLO, true],
    ] as const) {
      it(`pendingConnections: of 600 connections ${what} the oldest are closed, and good clients are served`, async () => {
        // A fifth of the places is for connections that sent something.
        const pendingConnections = bytes === "" ? places : places * 5;
        const limits: LimitsConfig = { pendingConnections, handshakeTimeout: 60_000 };
        const config = { rooms: { chat: chatRoom() }, limits, ...(tls && { tls: TLS }) };
        const server = await stage.serve(config);
        const before = await stage.connect(server, { userId: "before" });
        await before.join("chat");
        const polling = await stage.connect(server, { userId: "polling", transports: ["polling"] });
        const { closed } = await silent(server, 600, bytes);
        await eventually(() => closed() >= 600 - places - 8, "the surplus to be closed");
        const after = await stage.connect(server, { userId: "after" });
        await after.join("chat");
        expect(await polling.ask("dialogue:join", { roomId: "chat" })).toMatchObject({ ok: true });
        expect([before.disconnects, polling.disconnects]).toEqual([[], []]);
        // Those that are left are not closed without need.
        expect(closed()).toBeLessThanOrEqual(600 - Math.floor(places / 2));
      });
    }

    it("httpConnectionsPerAddress: one more is closed; a WebSocket counts no longer", async () => {
      const server = await stage.serve({ limits: { httpConnectionsPerAddress: 4 } });
      const { sockets, closed } = await silent(server, 4);
      await expect(stage.raw(server)).rejects.toThrow();
      sockets[0]!.destroy();
      await eventually(
        () =>
          stage.raw(server).then(
            () => true,
            () => false,
          ),
        "a place to be free",
      );
      // It is a WebSocket now: the place is free for another, and another.
      for (let n = 0; n < 10; n++) {
        await eventually(
          () =>
            stage.raw(server).then(
              () => true,
              () => false,
            ),
          "another WebSocket",
        );
      }
      expect(closed()).toBe(1);
    });

    it("httpConnectionsPerAddress: a trusted proxy stands for many", async () => {
      const limits = { httpConnectionsPerAddress: 4, trustProxy: ["127.0.0.1"] };
      const server = await stage.serve({ limits });
      const { closed } = await silent(server, 50);
      await stage.raw(server);
      expect(closed()).toBe(0);
    });

    it("TLS: many that come back at once are all let in, beside half handshakes", async () => {
      const server = await stage.serve({ tls: TLS, rooms: { chat: chatRoom() } });
      await silent(server, 400, HALF_HELLO);
      const count = scaled(150, 1_000);
      const clients = Array.from({ length: count }, (_, n) =>
        stage.client(server, { userId: `user-${n}` }).connect(),
      );
      const all = await within(Promise.all(clients), "everybody", 60_000);
      expect(server.dialogue.getAllClients().length).toBe(count);
      await all[0]!.join("chat");
    });

    it("socket.connectTimeout: one that asks and is refused again and again is closed", async () => {
      const server = await stage.serve({ jwt: { secret: SECRET }, socket: { connectTimeout: 300 } });
      const raw = await stage.raw(server);
      const asking = setInterval(() => raw.send(`40${JSON.stringify(bad)}`), 5);
      stage.atEnd(() => clearInterval(asking));
      await raw.closed();
    });

    for (const reach of [STANDALONE_IO[0]!, REFERENCE_IO[0]!]) {
      it(`connectTimeout: one whose middleware never lets it in is closed (${reach.name})`, async () => {
        const served = await reach.serve({ connectTimeout: 300 });
        stage.atEnd(() => served.stop());
        served.io.use(() => {});
        const raw = await RawWebSocket.open("127.0.0.1", Number(new URL(served.url).port));
        stage.atEnd(() => raw.destroy());
        raw.send("40");
        await raw.closed();
      });

      it(`auth: as large as a message may be (${reach.name})`, async () => {
        const served = await reach.serve();
        stage.atEnd(() => served.stop());
        const lengths: number[] = [];
        served.io.on("connection", (socket) => void lengths.push(socket.handshake.auth["text"].length));
        const raw = await RawWebSocket.open("127.0.0.1", Number(new URL(served.url).port));
        stage.atEnd(() => raw.destroy());
        raw.send(`40${JSON.stringify({ text: "x".repeat(900_000) })}`);
        await raw.nextStarting("40");
        await eventually(() => lengths.length === 1, "the connection");
        expect(lengths).toEqual([900_000]);
      });
    }

    it("socket.connectTimeout: one whose authenticate takes its time is let in", async () => {
      const authenticate = () =>
        new Promise<ReturnType<typeof Ok<{ jwt: { sub: string } }>>>((resolve) =>
          setTimeout(() => resolve(Ok({ jwt: { sub: "ada" } })), 450),
        );
      const server = await stage.serve({ hooks: { authenticate }, socket: { connectTimeout: 300 } });
      await stage.connect(server);
    });
  });
}
