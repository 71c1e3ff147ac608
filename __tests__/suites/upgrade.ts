import { connect } from "node:net";
import type { EventMessage } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { eventually, within } from "../support/deadline.js";
import { httpRequest } from "../support/http-request.js";
import { PollingSession } from "../support/polling-session.js";
import type { RawWebSocket } from "../support/raw-websocket.js";
import { chatRoom } from "../support/rooms.js";
import { scaled } from "../support/scale.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const message = { name: "message" };

/** From polling to WebSocket: one wins, none is left half-way, and no message is lost, doubled or out of order. */
export function upgrade(serve: Serve): void {
  describe("an upgrade", () => {
    const stage = useStage(serve);

    async function polling(config: Parameters<Serve>[0] = {}) {
      const server = await stage.serve({ rooms: { chat: chatRoom() }, ...config });
      const session = await PollingSession.open(server.url);
      await session.connectNamespace({ userId: "ada" });
      await session.ask(1, "dialogue:join", { roomId: "chat" });
      const say = (data: unknown) => server.dialogue.trigger("chat", message, data);
      return { server, session, say, query: `&sid=${session.sessionId}` };
    }

    it("moves the session: what was said before and after comes, once, in order", async () => {
      const { server, session, say, query } = await polling();
      say(1);
      const raw = await stage.raw(server, { query });
      raw.send("2probe");
      expect(await raw.next()).toBe("3probe");
      expect(await session.nextStarting('42["dialogue:event"')).toContain('"data":1');
      say(2);
      const { body: flushed } = await session.get();
      raw.send("5");
      say(3);
      raw.send('422["dialogue:trigger",{"roomId":"chat","event":"message","data":4}]');
      const events: string[] = [];
      while (!events.some((event) => event.includes('"data":4')))
        events.push(await raw.nextStarting('42["dialogue:event"'));
      const offsets = events.map((event) => (JSON.parse(event.slice(2)) as [string, EventMessage])[1].offset);
      expect(offsets.slice(-2)).toEqual([3, 4]);
      // The second left with the last poll or waited for the WebSocket: one of the two.
      expect(offsets.slice(0, -2)).toEqual(flushed.includes('"data":2,') ? [] : [2]);
      expect((await session.get()).status).toBe(400);
    });

    it("that stands at its probe holds up no stop, nor does a request's head that stands half-way", async () => {
      const { server, query } = await polling({ limits: { drain: 20_000 } });
      const raw = await stage.raw(server, { query });
      raw.send("2probe");
      await raw.nextStarting("3probe");
      const slow = connect(server.port, server.host);
      // Read, as a socket that nobody reads need not hear of its end.
      slow.on("error", () => {}).resume();
      const ended = new Promise((resolve) => slow.once("close", resolve));
      await new Promise((resolve) => slow.write("GET / HTTP/1.1\r\nhost: a\r\n", resolve));
      // One that has come behind it was taken with it.
      await httpRequest(`${server.url}/`);
      await within(server.dialogue.stop(), "the stop", 5_000);
      await within(ended, "the end of the connection");
      expect(server.log.at("warn")).toEqual([]);
    });

    it("by two WebSockets at once: one wins, the other is closed, the session lives", async () => {
      const { server, say, query } = await polling();
      const sockets = (await Promise.allSettled([stage.raw(server, { query }), stage.raw(server, { query })]))
        .filter((outcome): outcome is PromiseFulfilledResult<RawWebSocket> => outcome.status === "fulfilled")
        .map((outcome) => outcome.value);
      expect(sockets.length).toBeGreaterThan(0);
      for (const raw of sockets) raw.send("2probe");
      const probed: RawWebSocket[] = [];
      await Promise.all(
        sockets.map(async (raw) => {
          const answer = await Promise.race([
            raw.next().catch(() => undefined),
            raw.closed().catch(() => undefined),
          ]);
          if (answer === "3probe") probed.push(raw);
        }),
      );
      expect(probed.length).toBeGreaterThan(0);
      for (const raw of probed) raw.send("5");
      say("to the winner");
      const heard = await Promise.all(
        probed.map((raw) =>
          Promise.race([
            raw.nextStarting('42["dialogue:event"').then(() => raw),
            raw.closed().then(() => undefined),
          ]).catch(() => undefined),
        ),
      );
      const winners = heard.filter((raw) => raw !== undefined);
      expect(winners.length).toBe(1);
      for (const raw of sockets) if (raw !== winners[0]) await raw.closed();
      winners[0]!.send('422["dialogue:listRooms"]');
      await winners[0]!.nextStarting("432");
      expect(server.dialogue.getClients("ada").length).toBe(1);
    });

    it("again, after it was made: the second is refused and the session lives", async () => {
      const { server, session, say, query } = await polling();
      const first = await stage.raw(server, { query });
      first.send("2probe");
      await first.nextStarting("3probe");
      await session.get();
      first.send("5");
      first.send('422["dialogue:listRooms"]');
      await first.nextStarting("432");
      const second = await stage.raw(server, { query }).catch(() => undefined);
      if (second) {
        second.send("2probe");
        await second.closed();
      }
      say("still there");
      expect(await first.nextStarting('42["dialogue:event"')).toContain("still there");
    });

    for (const [step, probe] of [
      ["before the probe", false],
      ["after the probe", true],
    ] as const) {
      it(`cut ${step}: the polling session lives on and loses nothing`, async () => {
        const { server, session, say, query } = await polling();
        const raw = await stage.raw(server, { query });
        say(1);
        if (probe) {
          raw.send("2probe");
          await raw.nextStarting("3probe");
        }
        say(2);
        raw.reset();
        say(3);
        for (const n of [1, 2, 3])
          expect(await session.nextStarting('42["dialogue:event"')).toContain(`"data":${n},`);
        expect(await session.ask(5, "dialogue:listRooms", {})).toMatchObject({ ok: true });
        // Until the server has read of the first one's end, it turns another away.
        let again: RawWebSocket;
        do {
          again = await stage.raw(server, { query });
          again.send("2probe");
        } while ((await Promise.race([again.next(), again.closed().then(() => "closed")])) !== "3probe");
        await session.get();
        again.send("5");
        say(4);
        expect(await again.nextStarting('42["dialogue:event"')).toContain('"data":4,');
        expect(server.dialogue.getClients("ada").length).toBe(1);
      });
    }

    it("that stops half-way is closed after upgradeTimeout; the polling session lives on", async () => {
      const { server, session, say, query } = await polling({ socket: { upgradeTimeout: 2_000 } });
      const idle = await stage.raw(server, { query });
      await idle.closed();
      const probed = await stage.raw(server, { query });
      probed.send("2probe");
      await probed.nextStarting("3probe");
      await probed.closed();
      say("still polling");
      expect(await session.nextStarting('42["dialogue:event"')).toContain("still polling");
    });

    it("with a session id that is nobody's is refused", async () => {
      const server = await stage.serve({});
      await expect(stage.raw(server, { query: "&sid=AAAAAAAAAAAAAAAAAAAA" })).rejects.toMatchObject({
        status: 400,
      });
    });

    it("under traffic: every client gets every event since it joined, once, in order", async () => {
      const server = await stage.serve({
        rooms: { feed: chatRoom({ defaultSubscriptions: ["*"] }) },
        hooks: { clients: { onConnected: (client) => client.join("feed") } },
      });
      const { dialogue } = server;
      let last = 0;
      const pump = setInterval(() => {
        for (let i = 0; i < 5; i++) dialogue.trigger("feed", message, ++last);
      }, 1);
      stage.atEnd(() => clearInterval(pump));
      const clients = Array.from({ length: scaled(20, 200) }, () =>
        stage.client(server, { transports: ["polling", "websocket"] }),
      );
      await Promise.all(
        clients.map(async (client) => {
          await client.connect();
          await client.next("dialogue:joined");
          await client.upgraded();
        }),
      );
      const target = last + 50;
      await eventually(() => last >= target, "fifty more events");
      clearInterval(pump);
      for (const client of clients) {
        expect(client.socket.io.engine.transport.name).toBe("websocket");
        await client.caughtUp();
        const { offset } = client.all<{ offset: number }>("dialogue:joined")[0]!;
        const got = client.all<EventMessage>("dialogue:event").map((event) => event.offset!);
        expect(got).toEqual(Array.from({ length: last - offset }, (_, i) => offset + 1 + i));
      }
    }, 60_000);

    it("under traffic the other way: what a client sends arrives once, in order", async () => {
      const server = await stage.serve({ rooms: { feed: chatRoom({ defaultSubscriptions: [] }) } });
      const { dialogue } = server;
      const heard = new Map<string, number[]>();
      dialogue.on("feed", message, (event) => {
        const of = heard.get(event.from) ?? [];
        heard.set(event.from, of);
        of.push(event.data as number);
      });
      const clients = Array.from({ length: scaled(10, 100) }, (_, i) =>
        stage.client(server, { userId: `sender-${i}`, transports: ["polling", "websocket"] }),
      );
      const COUNT = 150;
      await Promise.all(
        clients.map(async (client) => {
          await client.connect();
          client.tell("dialogue:join", { roomId: "feed" });
          for (let n = 0; n < COUNT; n++) {
            client.tell("dialogue:trigger", { roomId: "feed", event: "message", data: n });
            if (n % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
          }
          await client.upgraded();
          await client.caughtUp();
        }),
      );
      await eventually(
        () => [...heard.values()].every((of) => of.length >= COUNT) && heard.size === clients.length,
        "everything arrives",
      );
      for (const of of heard.values()) expect(of).toEqual(Array.from({ length: COUNT }, (_, n) => n));
    }, 60_000);
  });
}
