import type { Metrics } from "dialogue-rs";
import { Ok } from "dialogue-rs";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import native from "#binding";
import { eventually, gate, PATIENCE } from "../support/deadline.js";
import { PollingSession } from "../support/polling-session.js";
import { rawHttp } from "../support/raw-http.js";
import { frame, Opcode } from "../support/raw-websocket.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve, Served } from "../support/server.js";
import { useStage } from "../support/stage.js";
import { askAndNotRead } from "../support/unread.js";

const message = { name: "message" };
const KB = 1024;
const MB = 1024 * KB;

/** What `dialogue.metrics()` says is compared with what was seen at the other end. */
export function metrics(serve: Serve): void {
  describe("metrics", () => {
    const stage = useStage(serve);

    /** No ping comes between what is counted. */
    const QUIET = { pingInterval: 600_000, pingTimeout: 600_000 };

    /** The engine counts just behind what a client can see. */
    const counted = (server: Served, holds: (metrics: Metrics) => boolean, what: string) =>
      eventually(() => holds(server.dialogue.metrics()), `the metrics say: ${what}`);

    /** Names of all numbers, as the table has them. */
    const names = (place: object, path = ""): string[] =>
      Object.entries(place).flatMap(([name, value]) => {
        const known = table.find((row) => row.name === `${path}${name}`);
        return known ? [known.name] : names(value as object, `${path}${name}.`);
      });
    const table = JSON.parse(native.metricsTable()) as { name: string; kind: string; parts: string[] }[];

    /** Keeps this thread from everything else until something holds. */
    const blockUntil = (holds: () => boolean, what: string) => {
      const end = Date.now() + PATIENCE;
      while (!holds()) if (Date.now() > end) throw new Error(`blocked ${PATIENCE} ms until ${what}`);
    };

    it("are there before the start and after the stop, and every number is one of the table", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const first = server.dialogue.metrics();
      expect(names(first).sort()).toEqual(table.map((row) => row.name).sort());
      expect(first.sessions.open).toBe(0);
      await stage.connect(server);
      await stage.connect(server);
      expect(server.dialogue.metrics().sessions).toMatchObject({ open: 2, opened: { websocket: 2 } });
      await server.stop();
      const { sessions } = server.dialogue.metrics();
      expect(sessions).toMatchObject({ open: 0, opened: { websocket: 2 }, closed: { serverShutdown: 2 } });
      await server.dialogue.start();
      await stage.connect(server);
      expect(server.dialogue.metrics().sessions).toMatchObject({ open: 1, opened: { websocket: 3 } });
    });

    it("count sessions by how they begin, move and end", async () => {
      const server = await stage.serve({
        rooms: { chat: chatRoom() },
        socket: { ...QUIET, maxHttpBufferSize: 10_000 },
        limits: { sendBuffer: 100_000 },
      });
      const closed = async (reason: keyof Metrics["sessions"]["closed"], end: () => unknown) => {
        const before = server.dialogue.metrics().sessions;
        await end();
        await counted(
          server,
          ({ sessions }) => sessions.closed[reason] === before.closed[reason] + 1,
          reason,
        );
        await counted(server, ({ sessions }) => sessions.open === before.open - 1, "one less is open");
      };
      const sending = async (bytes: Uint8Array) => {
        const client = await stage.raw(server);
        await client.nextStarting("0");
        return () => client.write(bytes);
      };
      const upgrading = await stage.connect(server, { transports: ["polling", "websocket"] });
      await upgrading.upgraded();
      await counted(server, ({ sessions }) => sessions.upgraded === 1, "one moved");
      expect(server.dialogue.metrics().sessions.opened).toEqual({ polling: 1, websocket: 0 });
      await closed("transportClose", () => upgrading.close());
      await closed("parseError", await sending(frame(Opcode.text, "x")));
      await closed("tooLarge", await sending(frame(Opcode.text, `4${"x".repeat(20_000)}`)));
      await closed("invalidText", await sending(frame(Opcode.text, new Uint8Array([0x34, 0xff, 0xfe]))));
      await closed("badPacket", await sending(frame(Opcode.text, "4?")));
      const thrown = await stage.connect(server);
      await closed("forcedClose", () => {
        server.dialogue.io.disconnectSockets(true);
        return thrown.disconnected();
      });
      const unread = await stage.raw(server);
      await unread.joinEverything("chat");
      unread.stopReading();
      await closed("slowConsumer", () =>
        eventually(() => {
          for (let n = 0; n < 10; n++) server.dialogue.trigger("chat", message, "x".repeat(90_000));
          return server.dialogue.metrics().sessions.open === 0;
        }, "the one who does not read is closed"),
      );
      const { opened, open } = server.dialogue.metrics().sessions;
      expect([opened, open]).toEqual([{ polling: 1, websocket: 6 }, 0]);
    });

    it("count pings without an answer", async () => {
      const server = await stage.serve({ socket: { pingInterval: 100, pingTimeout: 100 } });
      await PollingSession.open(server.url);
      expect(server.dialogue.metrics().sessions.opened.polling).toBe(1);
      await counted(server, ({ sessions }) => sessions.closed.pingTimeout === 1, "a ping timeout");
    });

    it("count what is refused by its reason", async () => {
      const server = await stage.serve({ limits: { connections: 2 } });
      const refused = async (
        reason: keyof Metrics["sessions"]["refused"],
        method: string,
        query: string,
        ...headers: string[]
      ) => {
        const head = [`${method} /socket.io/?${query} HTTP/1.1`, "host: x", "connection: close", ...headers];
        const { status } = await rawHttp(server.port, head);
        expect(status, reason).toBeGreaterThanOrEqual(400);
        return reason;
      };
      const open = "EIO=4&transport=polling";
      const expected = [
        await refused("unknownTransport", "GET", "EIO=4&transport=pigeon"),
        await refused("unknownSession", "GET", `${open}&sid=nobody`),
        await refused("badMethod", "PUT", open),
        await refused("unsupportedVersion", "GET", "EIO=2&transport=polling"),
        await refused("noWebSocketHandshake", "GET", "EIO=4&transport=websocket"),
      ];
      const { sessionId } = await PollingSession.open(server.url);
      const its = (transport: string) => `EIO=4&transport=${transport}&sid=${sessionId}`;
      expected.push(
        await refused("transportMismatch", "GET", its("websocket")),
        await refused("badRequest", "PUT", its("polling")),
        await refused("tooLarge", "POST", its("polling"), "content-length: 5000000"),
      );
      // What was too large has closed its session.
      await counted(server, ({ sessions }) => sessions.closed.tooLarge === 1, "it is closed");
      await stage.connect(server);
      await stage.connect(server);
      expected.push(await refused("connections", "GET", open), await refused("connections", "GET", open));
      const counts: Record<string, number> = { ...server.dialogue.metrics().sessions.refused };
      for (const [reason, count] of Object.entries(counts)) {
        expect([reason, count]).toEqual([reason, expected.filter((each) => each === reason).length]);
      }
    });

    it("count what a program refuses, and what is refused to an address", async () => {
      const closed = await stage.serve({ rooms: {} });
      closed.dialogue.io.engine.use((_req: unknown, _res: unknown, next: (error?: Error) => void) =>
        next(new Error("no")),
      );
      const handshake = ({ port }: Served) =>
        rawHttp(port, ["GET /socket.io/?EIO=4&transport=polling HTTP/1.1", "host: x", "connection: close"]);
      expect((await handshake(closed)).status).toBe(400);
      expect(closed.dialogue.metrics().sessions.refused.middleware).toBe(1);

      const narrow = await stage.serve({ rooms: {}, limits: { connectionsPerAddress: 1 } });
      await stage.connect(narrow);
      expect((await handshake(narrow)).status).toBe(429);
      expect(narrow.dialogue.metrics().sessions.refused.connectionsPerAddress).toBe(1);
      expect(narrow.dialogue.metrics().sessions.opened).toEqual({ polling: 0, websocket: 1 });
    });

    it("frames and bytes are what the client counts on the wire, and deliveries what clients get", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() }, socket: QUIET });
      const clients = [await stage.raw(server), await stage.raw(server), await stage.raw(server)];
      for (const client of clients) await client.joinEverything("chat");
      await counted(server, ({ output }) => output.queuedBytes === 0, "nothing waits");
      const settled = async () => {
        let last = "";
        await eventually(() => {
          const now = JSON.stringify(server.dialogue.metrics().output);
          const same = now === last;
          last = now;
          return same;
        }, "the output stands still");
        return server.dialogue.metrics();
      };
      const before = await settled();
      let bytes = 0;
      for (const client of clients) client.socket.on("data", (chunk: Buffer) => (bytes += chunk.length));
      const payloads = ["a", "b".repeat(200), "c".repeat(70_000), "d", "e"];
      for (const payload of payloads) server.dialogue.trigger("chat", message, payload);
      server.dialogue.io.emit("all", 1);
      for (const client of clients) {
        for (let n = 0; n < payloads.length; n++) await client.nextStarting('42["dialogue:event"');
      }
      // Those of rooms are no sockets of the program's: what io says comes to them all the same.
      for (const client of clients) await client.nextStarting('42["all"');
      const packets = clients.length * (payloads.length + 1);
      await counted(
        server,
        (now) => now.output.frames.websocket >= before.output.frames.websocket + packets,
        "all frames",
      );
      const { output, events } = server.dialogue.metrics();
      expect(output.frames.websocket - before.output.frames.websocket).toBe(packets);
      expect(output.bytes.websocket - before.output.bytes.websocket).toBe(bytes);
      expect(events.delivered - before.events.delivered).toBe(packets);
      const writes = output.writes - before.output.writes;
      expect(writes).toBeGreaterThanOrEqual(clients.length);
      expect(writes).toBeLessThanOrEqual(packets + 100);
      const turns = output.flush.count - before.output.flush.count;
      expect(turns).toBeGreaterThanOrEqual(1);
      expect(output.flush.sum - before.output.flush.sum).toBeGreaterThanOrEqual(clients.length);
      expect(output.flush.buckets.at(-1)!.count).toBe(output.flush.count);
    });

    it("of polls the bodies are counted", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() }, socket: QUIET });
      const before = server.dialogue.metrics().output;
      const client = await PollingSession.open(server.url);
      const opened = server.dialogue.metrics().output;
      expect(opened.frames.polling - before.frames.polling).toBe(1);
      await client.connectNamespace();
      await client.ask(1, "dialogue:join", { roomId: "chat" });
      const joined = server.dialogue.metrics().output;
      for (const text of ["one", "two"]) server.dialogue.trigger("chat", message, text);
      await eventually(
        () => server.dialogue.metrics().output.queuedBytes > 0,
        "two events wait for the poll",
      );
      const { body } = await client.get();
      const after = server.dialogue.metrics().output;
      expect(after.bytes.polling - joined.bytes.polling).toBe(Buffer.byteLength(body));
      expect(after.frames.polling - joined.frames.polling).toBe(body.split("\x1e").length);
      await counted(server, ({ output }) => output.queuedBytes === 0, "the poll is out");
    });

    it("what waits for a client that does not read is known, and gone when it reads", async () => {
      const server = await stage.serve({
        rooms: { chat: chatRoom({ events: [message] }) },
        socket: QUIET,
        limits: { sendBuffer: 200 * MB },
      });
      const [slow, fast] = [await stage.raw(server), await stage.raw(server)];
      for (const client of [slow, fast]) await client.joinEverything("chat");
      slow.stopReading();
      const payload = "x".repeat(MB);
      // The kernel takes some megabytes.
      for (let n = 0; n < 40; n++) {
        server.dialogue.trigger("chat", message, payload);
        await fast.nextStarting('42["dialogue:event"');
      }
      await counted(server, ({ output }) => output.queuedBytes > 20 * MB, "more than half waits");
      const { queuedBytes, largestQueuedBytes } = server.dialogue.metrics().output;
      expect(queuedBytes).toBeLessThan(42 * MB);
      expect(largestQueuedBytes).toBeGreaterThanOrEqual(queuedBytes);
      expect(largestQueuedBytes).toBeLessThan(2 * queuedBytes);
      slow.read();
      for (let n = 0; n < 40; n++) await slow.nextStarting('42["dialogue:event"');
      await counted(server, ({ output }) => output.queuedBytes === 0, "all is read");
      expect(server.dialogue.metrics().output.largestQueuedBytes).toBe(0);
      slow.stopReading();
      for (let n = 0; n < 20; n++) server.dialogue.trigger("chat", message, payload);
      await counted(server, ({ output }) => output.queuedBytes > MB, "some waits again");
      slow.reset();
      await counted(server, ({ output }) => output.queuedBytes === 0, "nothing waits for one that is gone");
    });

    it("events go by lanes, and a decision takes as long as its hook", async () => {
      const plain = await stage.serve({ rooms: { chat: chatRoom() } });
      const one = await stage.connect(plain);
      await one.join("chat");
      for (let n = 0; n < 3; n++)
        await one.ask("dialogue:trigger", { roomId: "chat", event: "message", data: n });
      one.tell("nobody-listens", 1);
      await counted(plain, ({ events }) => events.dropped === 1, "one was dropped");
      expect(plain.dialogue.metrics().events).toMatchObject({ native: 3, decided: 0, delivered: 3 });
      expect(plain.dialogue.metrics().decisions.latencySeconds.count).toBe(0);

      const slow = 30;
      const decided = await stage.serve({
        rooms: { chat: chatRoom() },
        hooks: {
          events: {
            beforeEach: ({ message }) => {
              const begin = Date.now();
              blockUntil(() => Date.now() - begin > slow, "it is over");
              return Ok(message);
            },
          },
        },
      });
      const other = await stage.connect(decided);
      await other.join("chat");
      for (let n = 0; n < 4; n++)
        await other.ask("dialogue:trigger", { roomId: "chat", event: "message", data: n });
      const { events, decisions } = decided.dialogue.metrics();
      expect(events).toMatchObject({ native: 0, decided: 4 });
      expect(decisions).toMatchObject({ open: 0, overdue: 0, refused: 0, latencySeconds: { count: 4 } });
      expect(decisions.latencySeconds.sum).toBeGreaterThan((4 * slow) / 1_000);
      const least = decisions.latencySeconds.buckets.find((bucket) => bucket.le === 0.03)!;
      expect(least.count).toBe(0);
    });

    it("a decision that nobody makes is overdue", async () => {
      const server = await stage.serve({
        hooks: { authenticate: () => new Promise<never>(() => {}) },
        limits: { hookTimeout: 100 },
      });
      const client = stage.client(server);
      const refusal = client.refusal();
      await counted(server, ({ decisions }) => decisions.open + decisions.overdue === 1, "one was asked");
      expect((await refusal).data).toMatchObject({ code: "OVERLOADED" });
      await counted(server, ({ decisions }) => decisions.overdue === 1, "it was overdue");
      expect(server.dialogue.metrics().decisions).toMatchObject({ open: 0, latencySeconds: { count: 0 } });
    });

    it("a decision is overdue while the thread is blocked too", async () => {
      const server = await stage.serve({
        rooms: { chat: chatRoom() },
        hooks: { events: { beforeEach: ({ message }) => Ok(message) } },
        limits: { hookTimeout: 100 },
      });
      const client = await stage.raw(server);
      await client.joinEverything("chat");
      const data = { roomId: "chat", event: "message", data: 1 };
      client.send(`423${JSON.stringify(["dialogue:trigger", data])}`);
      blockUntil(() => server.dialogue.metrics().decisions.overdue === 1, "it is overdue");
      expect(await client.nextStarting("433")).toContain('"OVERLOADED"');
      expect(server.dialogue.metrics().decisions).toMatchObject({ open: 0, latencySeconds: { count: 0 } });
    });

    it("what waits for JavaScript is counted while its thread is blocked, and what was lost and how late it was then", async () => {
      const told: unknown[] = [];
      const [places, sent] = [50, 120];
      const server = await stage.serve({
        rooms: { chat: chatRoom() },
        socket: QUIET,
        limits: { hookQueue: places, rate: 10_000, burst: 10_000 },
        hooks: { events: { afterEach: ({ message }) => void told.push(message.data) } },
      });
      const client = await stage.raw(server);
      await client.joinEverything("chat");
      await counted(server, ({ javascript }) => javascript.depth === 0, "nothing waits");
      const before = server.dialogue.metrics().javascript;
      const trigger = (n: number) =>
        frame(
          Opcode.text,
          `42${JSON.stringify(["dialogue:trigger", { roomId: "chat", event: "message", data: n }])}`,
        );
      client.write(Buffer.concat(Array.from({ length: sent }, (_, n) => trigger(n))));
      const read = () => server.dialogue.metrics().javascript;
      blockUntil(() => server.dialogue.metrics().events.native === sent, "all are handled");
      blockUntil(() => read().oldestSeconds > 0.1, "the oldest has waited");
      const blocked = read();
      expect(blocked.depth).toBe(places);
      expect(blocked.queuedBytes).toBeGreaterThan(places * 10);
      expect(blocked.dropped.events).toBe(sent - places);
      expect(blocked.wakes).toBeLessThanOrEqual(before.wakes + 1);
      await eventually(() => told.length === places, "the others are told");
      const after = read();
      expect([after.depth, after.oldestSeconds, after.dropped.events]).toEqual([0, 0, sent - places]);
      expect(after.taken - before.taken).toBeGreaterThanOrEqual(places);
      expect(after.lagSeconds.sum - before.lagSeconds.sum).toBeGreaterThan(0.1);
    });

    it("errors are counted by their code", async () => {
      const server = await stage.serve({ rooms: { full: chatRoom({ maxSize: 1 }) } });
      const [one, two] = [await stage.connect(server), await stage.connect(server)];
      await one.join("full");
      const codes: string[] = [];
      for (const room of ["nowhere", "full", "nowhere"])
        codes.push((await two.ask("dialogue:join", { roomId: room })).code!);
      expect(codes).toEqual(["ROOM_NOT_FOUND", "ROOM_FULL", "ROOM_NOT_FOUND"]);
      const errors = Object.entries(server.dialogue.metrics().errors).filter(([, count]) => count > 0);
      expect(Object.fromEntries(errors)).toEqual({ ROOM_NOT_FOUND: 2, ROOM_FULL: 1 });
    });

    it("requests for the app are counted while they are answered, and bytes of answers until they are read", async () => {
      const [begun, answer] = [gate(), gate()];
      const app = new Hono();
      let waiting = 0;
      app.get("/late", async (c) => {
        if (++waiting === 3) begun.open();
        await answer.opened;
        return c.text("late");
      });
      app.get("/large", (c) => c.text("w".repeat(24 * MB)));
      const server = await stage.serve({ app });
      const answers = [1, 2, 3].map(() => fetch(`${server.url}/late`));
      await begun.opened;
      expect(server.dialogue.metrics().http).toMatchObject({ requests: 3, inFlight: 3 });
      answer.open();
      for (const each of await Promise.all(answers)) expect(await each.text()).toBe("late");
      await counted(server, ({ http }) => http.inFlight === 0, "all are answered");
      const unread = askAndNotRead(`${server.url}/large`);
      stage.atEnd(() => unread.destroy());
      await counted(server, ({ http }) => http.queuedBytes > 10 * MB, "the answer waits");
      expect(server.dialogue.metrics().http.queuedBytes).toBeLessThanOrEqual(24 * MB);
      unread.destroy();
      await counted(server, ({ http }) => http.queuedBytes === 0, "nobody waits for it");
      expect(server.dialogue.metrics().http.requests).toBe(4);
    });
  });
}
