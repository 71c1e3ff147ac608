import { createHash, randomBytes } from "node:crypto";
import { request } from "node:https";
import { connect as connectPlainly } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { createDialogue, type DialogueConfig } from "dialogue-rs";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { pem, TLS, TRUSTED } from "../support/certificates.js";
import { eventually, within } from "../support/deadline.js";
import { httpRequest } from "../support/http-request.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const MB = 1024 * 1024;
const Message = { name: "message" };
const HOST = "127.0.0.1";

/** `https` and `wss` on the one port. */
export function tls(serve: Serve): void {
  const stage = useStage(serve);
  const serving = (config: Partial<DialogueConfig> = {}) =>
    stage.serve({ tls: TLS, rooms: { chat: chatRoom() }, limits: { rate: false }, ...config });

  describe("tls", () => {
    for (const [kind, cert, key] of [
      ["RSA", "rsa.cert", "rsa.key"],
      ["RSA, PKCS #1", "rsa.cert", "rsa-pkcs1.key"],
      ["ECDSA", "ecdsa.cert", "ecdsa.key"],
      ["Ed25519", "ed25519.cert", "ed25519.key"],
    ] as const) {
      it(`serves sockets and requests with a key of ${kind}`, async () => {
        const app = new Hono().get("/where", (c) => c.text(c.req.url));
        const tls = { cert: pem(cert), key: new TextEncoder().encode(pem(key)) };
        const server = await serving({ app, tls });
        for (const transports of [["websocket"], ["polling"]] as const) {
          const client = await stage.connect(server, { transports: [...transports], userId: "ada" });
          await client.ask("dialogue:join", { roomId: "chat" });
          server.dialogue.trigger("chat", Message, transports[0]);
          expect((await client.next("dialogue:event")).data).toBe(transports[0]);
          client.close();
        }
        expect((await httpRequest(`${server.url}/where`)).body).toBe(`${server.url}/where`);
        expect(server.log.mentions("info", `https://${HOST}:${server.port}`)).toBe(true);
      });
    }

    it("handshake.secure says so", async () => {
      const secure: boolean[] = [];
      const hooks = {
        clients: {
          onConnected: (client: { socket: { handshake: { secure: boolean } } }) =>
            void secure.push(client.socket.handshake.secure),
        },
      };
      await stage.connect(await serving({ hooks }));
      await stage.connect(await stage.serve({ rooms: {}, hooks }));
      await eventually(() => secure.length === 2, "both hooks");
      expect(secure).toEqual([true, false]);
    });

    it("request.socket.encrypted says so, of a handshake that a middleware saw and of one that none did", async () => {
      for (const [isAsked, config, expected] of [
        [false, { tls: TLS }, true],
        [true, { tls: TLS }, true],
        [true, {}, false],
      ] as const) {
        const server = await stage.serve({ rooms: {}, ...config });
        const seen: unknown[] = [];
        const { io } = server.dialogue as { io: any };
        if (isAsked) {
          io.engine.use((request: any, _response: unknown, next: () => void) => {
            seen.push(request.socket.encrypted);
            next();
          });
        }
        io.on("connection", (socket: any) => void seen.push(socket.request.socket.encrypted));
        await stage.connect(server);
        await eventually(() => seen.length === (isAsked ? 2 : 1), "the connection");
        expect(seen).toEqual(Array(seen.length).fill(expected));
      }
    });

    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      it(`speaks ${version}, and HTTP/1.1 inside`, async () => {
        const server = await serving();
        const socket = connect({
          host: HOST,
          port: server.port,
          ca: TRUSTED,
          minVersion: version,
          maxVersion: version,
          ALPNProtocols: ["h2", "http/1.1"],
        });
        stage.atEnd(() => socket.destroy());
        await within(new Promise((resolve) => socket.once("secureConnect", resolve)), "the handshake");
        expect([socket.getProtocol(), socket.alpnProtocol]).toEqual([version, "http/1.1"]);
      });
    }

    it("bodies stream both ways, of more than a record and a buffer", async () => {
      const sent = randomBytes(8 * MB);
      const app = new Hono().post("/", (c) => new Response(c.req.raw.body));
      const server = await serving({ app, limits: { httpBody: 16 * MB } });
      const came = createHash("sha256");
      let length = 0;
      const echoed = new Promise<void>((resolve, reject) => {
        const outgoing = request(server.url, { method: "POST", ca: TRUSTED, agent: false }, (response) => {
          response.on("data", (piece: Buffer) => {
            came.update(piece);
            length += piece.length;
          });
          response.on("end", resolve).on("error", reject);
        });
        outgoing.on("error", reject).end(sent);
      });
      await within(echoed, "the echo", 20_000);
      expect(length).toBe(sent.length);
      expect(came.digest("hex")).toBe(createHash("sha256").update(sent).digest("hex"));
    });

    it("large messages arrive whole in both directions, beside small ones, to many", async () => {
      const server = await serving();
      const clients = await stage.crowd(server, 20);
      for (const client of clients) await client.ask("dialogue:join", { roomId: "chat" });
      const large = randomBytes(300_000).toString("base64");
      for (let n = 0; n < 30; n++) {
        const data = n % 10 === 0 ? { n, large } : { n };
        expect(
          await clients[n % 20]!.ask("dialogue:trigger", { roomId: "chat", event: "message", data }),
        ).toEqual({ ok: true });
      }
      for (const client of clients) {
        await client.count("dialogue:event", 30, 20_000);
        const events = client.all("dialogue:event");
        expect(events.map(({ data }) => data.n)).toEqual(Array.from({ length: 30 }, (_, n) => n));
        expect(events.filter(({ data }) => data.large === large).length).toBe(3);
      }
    });

    it("one who reads on after a while gets everything that fits, in order", async () => {
      const server = await serving({ limits: { rate: false, sendBuffer: 32 * MB } });
      const slow = await stage.raw(server);
      await slow.joinEverything("chat");
      slow.stopReading();
      const text = "x".repeat(50_000);
      for (let n = 0; n < 300; n++) server.dialogue.trigger("chat", Message, { n, text });
      slow.read();
      for (let n = 0; n < 300; n++) {
        const event = await slow.nextStarting('42["dialogue:event"', 20_000);
        expect(JSON.parse(event.slice(2))[1].data.n).toBe(n);
      }
    });

    it("what waits encrypted is sent on, also when nothing comes after it", async () => {
      const server = await serving({ limits: { rate: false, sendBuffer: 32 * MB } });
      const text = "x".repeat(60_000);
      const { dialogue } = server;
      dialogue.createRoom({ id: "slow", name: "Slow", events: [Message], defaultSubscriptions: ["*"] });
      const reader = await stage.connect(server);
      await reader.join("chat");
      let read = 0;
      // With one of these counts the last message is the one with which the socket is full.
      for (let count = 30; count < 130; count += 3) {
        const slow = await stage.raw(server);
        await slow.connectNamespace();
        slow.send('421["dialogue:join",{"roomId":"slow"}]');
        await slow.nextStarting("431");
        slow.stopReading();
        for (let n = 1; n <= count; n++) {
          dialogue.trigger("slow", Message, { n, text });
          // A turn of the engine's for each.
          if (n > 25) {
            dialogue.trigger("chat", Message, n);
            await reader.count("dialogue:event", ++read);
          }
        }
        slow.read();
        for (let n = 1; n <= count; n++) {
          const event = await slow.nextStarting('42["dialogue:event"', 5_000);
          expect(JSON.parse(event.slice(2))[1].data.n).toBe(n);
        }
        slow.destroy();
      }
    });

    it("one who does not read is closed, the others get everything", async () => {
      const server = await serving({ limits: { rate: false, sendBuffer: 256 * 1024 } });
      const stalled = await stage.raw(server);
      await stalled.joinEverything("chat");
      const reader = await stage.connect(server);
      await reader.ask("dialogue:join", { roomId: "chat" });
      stalled.stopReading();
      const text = "x".repeat(50_000);
      let sent = 0;
      const gone = () => server.dialogue.getAllClients().length === 1;
      while (!gone()) {
        expect(sent).toBeLessThan(2_000);
        server.dialogue.trigger("chat", Message, { n: sent++, text });
        await reader.count("dialogue:event", sent);
      }
      expect(reader.disconnects).toEqual([]);
    });

    it("what is no TLS is answered by nobody, and no one else notices", async () => {
      const server = await serving();
      const client = await stage.connect(server);
      for (const bytes of [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        randomBytes(2_000),
        Buffer.from("160303ffff01", "hex"),
      ]) {
        const socket = connectPlainly(server.port, HOST);
        stage.atEnd(() => socket.destroy());
        const came: Buffer[] = [];
        socket.on("data", (piece) => came.push(piece)).on("error", () => {});
        socket.write(bytes);
        socket.end();
        await within(new Promise((resolve) => socket.once("close", resolve)), "the end");
        expect(Buffer.concat(came).toString("latin1")).not.toContain("HTTP");
      }
      expect(await client.ask("dialogue:join", { roomId: "chat" })).toMatchObject({ ok: true });
    });

    it("a handshake that is not completed has limits.handshakeTimeout", async () => {
      const server = await serving({ limits: { handshakeTimeout: 300 } });
      const socket = connectPlainly(server.port, HOST);
      stage.atEnd(() => socket.destroy());
      socket.on("error", () => {}).resume();
      await within(new Promise((resolve) => socket.once("close", resolve)), "the server to close");
    });

    it("stop() ends those who talk, those who shake hands, and those who keep a connection", async () => {
      const server = await serving();
      const client = await stage.connect(server);
      const shaking = connectPlainly(server.port, HOST);
      const idle: TLSSocket = connect({ host: HOST, port: server.port, ca: TRUSTED });
      for (const socket of [shaking, idle]) {
        stage.atEnd(() => socket.destroy());
        socket.on("error", () => {}).resume();
      }
      await within(new Promise((resolve) => idle.once("secureConnect", resolve)), "the handshake");
      const ends = [shaking, idle].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
      await within(server.stop(), "stop()");
      await within(Promise.all(ends), "the ends");
      await eventually(() => client.disconnects.length === 1, "the client to hear of it");
    });

    const { cert, key } = TLS;
    for (const [what, tls, field] of [
      ["no object", "yes", "tls:"],
      ["an unknown field", { cert, key, ca: cert }, "tls.ca:"],
      ["no certificate", { key }, "tls.cert:"],
      ["a certificate that is none", { cert: "hello", key }, "tls.cert:"],
      ["a key in place of the certificate", { cert: key, key }, "tls.cert:"],
      [
        "a certificate of nonsense",
        { cert: "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n", key },
        "tls.cert:",
      ],
      ["no key", { cert }, "tls.key:"],
      ["a key that is none", { cert, key: cert }, "tls.key:"],
      ["a key with a passphrase", { cert: pem("rsa.cert"), key: pem("encrypted.key") }, "tls.key:"],
      ["the key of another certificate", { cert, key: pem("rsa.key") }, "tls.key:"],
    ] as const) {
      it(`${what}: ${field.slice(0, -1)}`, () => {
        const config = { rooms: {}, tls } as unknown as DialogueConfig;
        let thrown: (Error & { code?: string }) | undefined;
        try {
          createDialogue(config);
        } catch (error) {
          thrown = error as Error;
        }
        expect(thrown?.code).toBe("INVALID_CONFIG");
        expect(thrown?.message).toContain(field);
        expect(thrown?.message).not.toContain("BEGIN");
      });
    }
  });
}
