import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { eventually, within } from "../support/deadline.js";
import { httpRequest } from "../support/http-request.js";
import { PollingSession } from "../support/polling-session.js";
import type { HandshakeRefused } from "../support/raw-websocket.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve, Served } from "../support/server.js";
import { useStage } from "../support/stage.js";

const message = { name: "message" };

/** Engine.IO sessions: what a session id is worth, what is refused, and what happens when somebody walks away half-way. */
export function sessions(serve: Serve): void {
  describe("sessions", () => {
    const stage = useStage(serve);

    /** A bystander who must notice nothing of what a test does. */
    async function withBystander(config: Parameters<Serve>[0] = {}) {
      const server = await stage.serve({ rooms: { chat: chatRoom() }, ...config });
      const bystander = await stage.connect(server, { userId: "bystander" });
      await bystander.join("chat");
      const undisturbed = async () => {
        const token = Math.random();
        server.dialogue.trigger("chat", message, token);
        await bystander.next("dialogue:event", (event: { data: number }) => event.data === token);
        expect(bystander.disconnects).toEqual([]);
        expect(server.log.at("error")).toEqual([]);
      };
      return { server, bystander, undisturbed };
    }

    async function upgradeStatus(server: Served, query: string): Promise<number> {
      return stage.raw(server, { query }).then(
        () => 101,
        (error: HandshakeRefused) => error.status,
      );
    }

    it("an id that the server tells others is no session id: 400 on every way in", async () => {
      const { server, undisturbed } = await withBystander();
      for (const transports of [["polling"], ["websocket"]] as const) {
        const victim = await stage.connect(server, { userId: "the-victim", transports: [...transports] });
        const { clientId, userId } = victim.all<any>("dialogue:connected")[0];
        expect(victim.socket.io.engine.id).not.toBe(victim.socket.id);
        for (const known of [victim.socket.id!, clientId as string, userId as string]) {
          const url = `${server.url}/socket.io/?EIO=4&transport=polling&sid=${encodeURIComponent(known)}`;
          expect((await httpRequest(url)).status).toBe(400);
          expect(
            (await httpRequest(url, { method: "POST", body: '42["dialogue:join",{"roomId":"chat"}]' }))
              .status,
          ).toBe(400);
          expect((await httpRequest(url, { method: "POST", body: "1" })).status).toBe(400);
          expect(await upgradeStatus(server, `&sid=${encodeURIComponent(known)}`)).toBe(400);
        }
        await victim.caughtUp();
        expect(server.dialogue.isInRoom("the-victim", "chat")).toBe(false);
        victim.close();
      }
      await undisturbed();
    });

    it("wrong parameters and methods are refused with Engine.IO's codes", async () => {
      const { server, undisturbed } = await withBystander();
      const session = await PollingSession.open(server.url);
      const base = `${server.url}/socket.io/`;
      for (const [method, url, code] of [
        ["GET", `${base}?EIO=4`, 0],
        ["GET", `${base}?EIO=4&transport=pigeon`, 0],
        ["GET", `${base}?EIO=4&transport=polling&sid=unknown`, 1],
        ["POST", `${base}?EIO=4&transport=polling&sid=unknown`, 1],
        ["POST", `${base}?EIO=4&transport=polling`, 2],
        ["GET", `${base}?EIO=4&transport=websocket`, 3],
        ["GET", `${base}?EIO=3&transport=polling`, 5],
        ["GET", `${base}?transport=polling`, 5],
      ] as const) {
        const answer = await httpRequest(url, { method });
        expect([url, answer.status, JSON.parse(answer.body).code]).toEqual([url, 400, code]);
      }
      for (const method of ["PUT", "DELETE", "PATCH"]) {
        expect((await httpRequest(session.url, { method })).status).toBeGreaterThanOrEqual(400);
      }
      const long = await httpRequest(`${base}?EIO=4&transport=polling&sid=${"x".repeat(1_000_000)}`).catch(
        () => ({ status: 400 }),
      );
      expect(long.status).toBeGreaterThanOrEqual(400);
      await session.connectNamespace();
      await undisturbed();
    });

    it("two polls at once: one is refused, and the session is not left half open", async () => {
      const { server, undisturbed } = await withBystander();
      const session = await PollingSession.open(server.url);
      await session.connectNamespace({ userId: "twice" });
      const [first, second] = await Promise.all([session.get(), session.get()]);
      expect([first.status, second.status].sort()).toEqual([200, 400]);
      expect((await session.get()).status).toBe(400);
      await eventually(() => server.dialogue.getClients("twice").length === 0, "the client is gone");
      await undisturbed();
    });

    it("a poll cancelled by its client: nothing is lost, or the session ends", async () => {
      const { server, undisturbed } = await withBystander({
        socket: { pingInterval: 300, pingTimeout: 2_500 },
      });
      const session = await PollingSession.open(server.url);
      await session.connectNamespace({ userId: "ada" });
      await session.ask(1, "dialogue:join", { roomId: "chat" });
      const cancel = new AbortController();
      const cancelled = session.get({ signal: cancel.signal }).catch(() => "cancelled");
      const roundTrip = () => httpRequest(`${server.url}/socket.io/?EIO=4`);
      await roundTrip();
      cancel.abort();
      await cancelled;
      await roundTrip();
      const next = session.nextStarting('42["dialogue:event"').catch((error: Error) => error.message);
      await roundTrip();
      await roundTrip();
      server.dialogue.trigger("chat", message, "after the cut");
      const outcome = await next;
      if (!outcome.includes("after the cut")) {
        expect(outcome).toContain("answered with 400");
        await eventually(() => server.dialogue.getClients("ada").length === 0, "the client is gone");
      }
      await undisturbed();
    });

    it("a POST that is none: wrong content type, no packet, too large", async () => {
      const { server, undisturbed } = await withBystander({ socket: { maxHttpBufferSize: 10_000 } });
      for (const [body, headers, status] of [
        ["42", { "content-type": "application/octet-stream" }, 400],
        ["not a packet", { "content-type": "text/plain" }, 400],
        ["x".repeat(10_001), { "content-type": "text/plain" }, 413],
      ] as const) {
        const session = await PollingSession.open(server.url);
        await session.connectNamespace();
        const answer = await session.post(body, headers).catch(() => ({ status }));
        expect([body.slice(0, 12), answer.status]).toEqual([body.slice(0, 12), status]);
      }
      const flood = await PollingSession.open(server.url);
      const many = await flood.post(Array(4_000).fill("3").join("\x1e"));
      expect([200, 400]).toContain(many.status);
      await eventually(() => server.dialogue.getAllClients().length <= 3, "refused sessions are cleaned up");
      await undisturbed();
    });

    for (const [step, walkAway] of [
      ["after the TCP connection", (socket: Socket) => socket],
      ["in the middle of the request line", (socket: Socket) => socket.write("GET /sock")],
      [
        "in the middle of the headers",
        (socket: Socket) =>
          socket.write("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\nX-Half: "),
      ],
      [
        "in the middle of a body",
        (socket: Socket) =>
          socket.write(
            "POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n42[",
          ),
      ],
      [
        "before the polling handshake is answered",
        (socket: Socket) =>
          socket.write("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n\r\n"),
      ],
      [
        "before the WebSocket handshake is answered",
        (socket: Socket) =>
          socket.write(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
          ),
      ],
    ] as const) {
      it(`a transport cut ${step}`, async () => {
        const { server, undisturbed } = await withBystander();
        const socket = connect(server.port, server.host).on("error", () => {});
        await within(new Promise((resolve) => socket.once("connect", resolve)), "the TCP connection");
        walkAway(socket);
        await new Promise((resolve) => setImmediate(resolve));
        socket.resetAndDestroy();
        await undisturbed();
        expect(server.dialogue.getAllClients().length).toBe(1);
      });
    }

    it("a WebSocket cut after open, after the namespace, after join", async () => {
      const { server, undisturbed } = await withBystander();
      for (const step of ["open", "connecting", "connected", "joined"]) {
        const raw = await stage.raw(server);
        await raw.nextStarting("0");
        if (step !== "open") raw.send('40{"userId":"walker"}');
        if (step === "connected" || step === "joined") await raw.nextStarting('42["dialogue:connected"');
        if (step === "joined") {
          raw.send('421["dialogue:join",{"roomId":"chat"}]');
          await raw.nextStarting("431");
          expect(server.dialogue.room("chat")!.size()).toBe(2);
        }
        raw.reset();
        await undisturbed();
        await eventually(
          () =>
            server.dialogue.getClients("walker").length === 0 && server.dialogue.room("chat")!.size() === 1,
          `nothing is left of it (${step})`,
        );
      }
    });

    it("connected and silent: closed when the namespace or a pong does not come in time", async () => {
      const { server, undisturbed } = await withBystander({
        // The bystander has these too, and answers in time however busy the machine is.
        socket: { connectTimeout: 2_000, pingInterval: 500, pingTimeout: 2_500 },
      });
      const silent = await stage.raw(server);
      await silent.nextStarting("0");
      const polling = await PollingSession.open(server.url);
      const quiet = await PollingSession.open(server.url);
      await quiet.connectNamespace({ userId: "quiet" });
      await Promise.all([
        silent.closed(),
        eventually(
          async () => (await polling.get()).status === 400,
          "the polling session without namespace ends",
        ),
        eventually(() => server.dialogue.getClients("quiet").length === 0, "the session without pong ends"),
      ]);
      await undisturbed();
    });

    it("an acknowledgement that nobody asked for is ignored, or closes the one who sent it", async () => {
      const { server, undisturbed } = await withBystander();
      for (const packet of ["430[1]", "430[1]", "4318446744073709551616[1]", "43-1[]", "43[1]"]) {
        const raw = await stage.raw(server);
        await raw.connectNamespace();
        raw.send(packet);
        raw.send('427["dialogue:listRooms"]');
        await Promise.race([raw.nextStarting("437"), raw.closed()]);
      }
      await undisturbed();
    });
  });
}
