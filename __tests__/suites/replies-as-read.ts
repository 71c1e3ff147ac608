import { type ConnectedClient, type DialogueConfig, type EventMessage, Ok } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { TLS } from "../support/certificates.js";
import type { TestClient } from "../support/client.js";
import { eventually } from "../support/deadline.js";
import { readAt } from "../support/paced.js";
import { frame, Opcode, type RawWebSocket } from "../support/raw-websocket.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve, Served } from "../support/server.js";
import { useStage } from "../support/stage.js";

const KB = 1024;
const SEND_BUFFER = 128 * KB;
const ROOMS = 16;
const PAGES = 30;
/** Events of a room, which together are half of what may wait for a client. */
const EVENTS = 30;
const TEXT = "x".repeat(2 * KB);
const Message = { name: "message" };

interface Remembering extends Served {
  /** Who is connected, by socket id. */
  online: Map<string, ConnectedClient>;
}

const roomIds = Array.from({ length: ROOMS }, (_, n) => `room-${n}`);
const newestFirst = Array.from({ length: EVENTS }, (_, n) => EVENTS - n);
const numbers = (page: { events: EventMessage<{ n: number }>[] }) => page.events.map(({ data }) => data.n);

/** Of what a client asked for itself so much is made as it reads: it is never closed for asking, at any number of requests in one read. */
export function repliesAsRead(serve: Serve): void {
  describe("replies are made as they are read", () => {
    const stage = useStage(serve);

    /** Each room remembers more than the client may have waiting when all of them are joined at once. */
    async function remembering(config: Partial<DialogueConfig> = {}): Promise<Remembering> {
      const online = new Map<string, ConnectedClient>();
      const rooms = Object.fromEntries(
        roomIds.map((id) => [id, chatRoom({ syncHistoryOnJoin: true })] as const),
      );
      const { limits, hooks, ...rest } = config;
      const clients = {
        ...hooks?.clients,
        onConnected(client: ConnectedClient) {
          online.set(client.id, client);
          hooks?.clients?.onConnected?.(client);
        },
        onDisconnected: ({ id }: ConnectedClient) => void online.delete(id),
      };
      const server = await stage.serve({
        rooms,
        ...rest,
        hooks: { ...hooks, clients },
        limits: { sendBuffer: SEND_BUFFER, rate: false, historyRate: false, ...limits },
      });
      for (const id of roomIds)
        for (let n = 1; n <= EVENTS; n++) server.dialogue.trigger(id, Message, { n, text: TEXT });
      return { ...server, online };
    }

    async function hearsAll(client: TestClient): Promise<void> {
      for (const id of roomIds) {
        const history = await client.next("dialogue:history", ({ roomId }) => roomId === id);
        expect(numbers(history)).toEqual(newestFirst);
      }
      expect(client.disconnects).toEqual([]);
    }

    /** All in one turn of the client's event loop. */
    async function asksForAll(client: TestClient): Promise<void> {
      const joins = roomIds.map((roomId) => client.ask("dialogue:join", { roomId }));
      const pages = Array.from({ length: PAGES }, (_, n) =>
        client.ask("dialogue:getHistory", { roomId: roomIds[n % ROOMS], eventName: "message", end: EVENTS }),
      );
      const lists = Array.from({ length: PAGES }, () => client.ask("dialogue:listRooms"));
      for (const answer of await Promise.all(joins)) expect(answer.ok).toBe(true);
      for (const page of await Promise.all(pages)) expect(numbers(page as any)).toEqual(newestFirst);
      for (const list of await Promise.all(lists)) expect(list["rooms"].length).toBe(ROOMS);
      await hearsAll(client);
    }

    for (const [line, config, transports] of [
      ["a WebSocket", {}, ["websocket"]],
      ["long-polling", {}, ["polling"]],
      ["an upgrade", {}, ["polling", "websocket"]],
      ["TLS", { tls: TLS }, ["websocket"]],
      ["long-polling through TLS", { tls: TLS }, ["polling"]],
    ] as const) {
      it(`of rooms joined, pages and lists asked for at once, over ${line}`, async () => {
        const server = await remembering(config);
        await asksForAll(await stage.connect(server, { transports: [...transports] }));
      });
    }

    it("of joins that a hook decides", async () => {
      const server = await remembering({ hooks: { clients: { beforeJoin: () => Ok() } } });
      await asksForAll(await stage.connect(server));
    });

    for (const transports of [["websocket"], ["polling"]] as const) {
      it(`of joins that the program makes (${transports[0]})`, async () => {
        const server = await remembering({
          hooks: {
            clients: {
              onConnected: (client) => roomIds.forEach((id) => void client.join(id, { history: true })),
            },
          },
        });
        const client = await stage.connect(server, { transports: [...transports] });
        await hearsAll(client);
        // What was said since comes once, and is in no history.
        server.dialogue.trigger(roomIds[0]!, Message, { n: EVENTS + 1 });
        expect((await client.next("dialogue:event")).data).toEqual({ n: EVENTS + 1 });
      });
    }

    it("of joins that the program makes again and again, of a client that reads later: what it has left is not sent", async () => {
      const server = await remembering();
      const raw = await stage.raw(server);
      const { socketId } = await raw.connectNamespace();
      raw.stopReading();
      const client = server.online.get(socketId)!;
      for (let round = 0; round < 20; round++)
        for (const id of roomIds) {
          client.join(id, { history: true });
          client.leave(id);
        }
      for (const id of roomIds) client.join(id, { history: true });
      raw.read();
      const last = new Set(roomIds);
      while (last.size > 0) {
        const [, { roomId }] = JSON.parse((await raw.nextStarting('42["dialogue:history"')).slice(2));
        last.delete(roomId);
      }
      expect(server.online.size).toBe(1);
    });

    it("of pages that onLoad loads: one at a time", async () => {
      let [loading, most] = [0, 0];
      const page = (n: number) => ({
        event: "message",
        roomId: "room-0",
        from: "system",
        timestamp: n,
        data: { n, text: TEXT },
      });
      const onLoad = async (_: string, __: string, start: number, end: number) => {
        most = Math.max(most, ++loading);
        await new Promise((resolve) => setImmediate(resolve));
        loading--;
        return Array.from({ length: end - start }, (_, i) => page(start + i) as unknown as EventMessage);
      };
      const server = await remembering({ hooks: { events: { onLoad } } });
      const client = await stage.connect(server);
      await client.join("room-0");
      const ask = { roomId: "room-0", eventName: "message", start: 1_000, end: 1_025 };
      const pages = Array.from({ length: PAGES }, () => client.ask("dialogue:getHistory", ask));
      for (const answer of await Promise.all(pages)) expect(answer["events"].length).toBe(25);
      expect(most).toBe(1);
      expect(client.disconnects).toEqual([]);
    });

    /** Sixteen joins and thirty pages, as one write. */
    function askInOneWrite(raw: RawWebSocket): void {
      const joins = roomIds.map((roomId, n) => `42${n}${JSON.stringify(["dialogue:join", { roomId }])}`);
      const ask = { roomId: roomIds[0], eventName: "message", end: EVENTS };
      const pages = Array.from(
        { length: PAGES },
        (_, n) => `42${100 + n}${JSON.stringify(["dialogue:getHistory", ask])}`,
      );
      raw.write(Buffer.concat([...joins, ...pages].map((text) => frame(Opcode.text, text))));
    }

    for (const secure of [false, true]) {
      it(`to one who reads 1 MB a second, while others speak${secure ? ", through TLS" : ""}`, async () => {
        const server = await remembering(secure ? { tls: TLS } : {});
        const raw = await stage.raw(server);
        await raw.connectNamespace();
        stage.atEnd(readAt(raw, KB * KB));
        askInOneWrite(raw);
        let [histories, pages, heard] = [0, 0, 0];
        while (histories < ROOMS || pages < PAGES) {
          const packet = String(await raw.next());
          if (packet.startsWith('42["dialogue:history"')) histories++;
          else if (/^431\d\d\[/.test(packet)) pages++;
          else if (packet.startsWith('42["dialogue:event"')) heard++;
          // A little at a time, of which less waits than may.
          if (histories === 1 && heard === 0) server.dialogue.trigger(roomIds[0]!, Message, { n: 0 });
        }
        expect(heard).toBeGreaterThan(0);
        expect(server.online.size).toBe(1);
      });
    }

    it("and what others say still ends one who does not read", async () => {
      const server = await remembering();
      const raw = await stage.raw(server);
      await raw.connectNamespace();
      raw.stopReading();
      askInOneWrite(raw);
      await eventually(() => server.dialogue.room("room-0")!.size() === 1, "the first join");
      const speaking = () => {
        for (let n = 0; n < 10; n++)
          server.dialogue.trigger("room-0", Message, { n, text: "x".repeat(50 * KB) });
        return server.online.size === 0;
      };
      await eventually(speaking, "its end");
      expect(server.log.mentions("warn", "limits.sendBuffer")).toBe(true);
    });

    it("and one who asks and never reads is ended by the heartbeat, with whatever it asks for", async () => {
      const server = await remembering({ socket: { pingInterval: 300, pingTimeout: 2_500 } });
      const raw = await stage.raw(server);
      await raw.connectNamespace();
      raw.stopReading();
      for (let round = 0; round < 40; round++) askInOneWrite(raw);
      await eventually(() => server.online.size === 0, "its end");
      expect(server.log.mentions("warn", "limits.sendBuffer")).toBe(false);
    });
  });
}
