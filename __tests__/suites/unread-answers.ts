import { readFileSync } from "node:fs";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";
import { eventually, gate } from "../support/deadline.js";
import { httpRequest } from "../support/http-request.js";
import { PollingSession } from "../support/polling-session.js";
import { recordingLogger } from "../support/recording-logger.js";
import { chatRoom } from "../support/rooms.js";
import { scaled } from "../support/scale.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";
import { askAndNotRead } from "../support/unread.js";

const MB = 1024 * 1024;

/** Clients that ask and do not read what they asked for. */
export function unreadAnswers(serve: Serve): void {
  describe("answers that nobody reads", () => {
    const stage = useStage(serve);

    const unread = (url: string) => {
      const socket = askAndNotRead(url);
      stage.atEnd(() => socket.destroy());
      return socket;
    };

    /** A server in a process of its own, and how many bytes of it are resident. */
    async function program(limits: object) {
      const child = new ChildProgram("unread-server.mjs", { LIMITS: JSON.stringify(limits) }, [
        "--max-semi-space-size=1",
      ]);
      stage.atEnd(() => child.kill());
      const { port, pid } = await child.line("port");
      const resident = () =>
        Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1024;
      return { url: `http://127.0.0.1:${port}`, resident };
    }

    /** The most memory that the server had while `act` ran. */
    async function peak(resident: () => number, act: () => Promise<void>): Promise<number> {
      let most = resident();
      const watching = setInterval(() => {
        most = Math.max(most, resident());
      }, 10);
      await act().finally(() => clearInterval(watching));
      return Math.max(most, resident());
    }

    it("hold their places until they are out or cut, which limits.httpTimeout does, and the app hears of it", async () => {
      const log = recordingLogger();
      const [cancelled, whole, endless] = [gate(), gate(), gate()];
      const app = new Hono();
      app.get("/whole", (c) => {
        whole.open();
        return c.text("w".repeat(8 * MB));
      });
      app.get("/endless", () => {
        endless.open();
        const piece = new Uint8Array(64 * 1024);
        const body = new ReadableStream(
          { pull: (controller) => controller.enqueue(piece), cancel: () => cancelled.open() },
          { highWaterMark: 0 },
        );
        return new Response(body);
      });
      app.get("/small", (c) => c.text("small"));
      const limits = { httpInFlight: 2, httpTimeout: 4_000 };
      const server = await stage.serve({ app, logger: log, limits });
      const small = async () => (await httpRequest(`${server.url}/small`)).status;
      expect(await small()).toBe(200);
      unread(`${server.url}/whole`);
      unread(`${server.url}/endless`);
      // A small request takes a place too, and would have one of the two refused.
      await Promise.all([whole.opened, endless.opened]);
      await eventually(async () => (await small()) === 503, "both places are taken");
      await eventually(async () => (await small()) === 200, "they are free again");
      await cancelled.opened;
      await eventually(() => log.mentions("warn", "limits.httpTimeout"), "the log says why");
    });

    it("a client that reads slowly, but reads, gets all of it", async () => {
      const app = new Hono();
      app.get("/whole", (c) => c.text("w".repeat(4 * MB)));
      const server = await stage.serve({ app, limits: { httpTimeout: 1_000 } });
      const socket = unread(`${server.url}/whole`);
      let received = 0;
      const done = gate();
      socket.on("data", (data: Buffer) => {
        received += data.length;
        socket.pause();
        setTimeout(() => socket.resume(), 5);
        if (received > 4 * MB) done.open();
      });
      socket.resume();
      await done.opened;
    });

    it.each(["whole", "bytes"])(
      "many at once cost no more than limits.httpBuffer, and others are served: %s",
      async (kind) => {
        const { url, resident } = await program({});
        const download = async (bytes: number) =>
          expect((await httpRequest(`${url}/${kind}/${bytes}`)).body.length).toBe(bytes);
        // What the app takes for its answers, read or not: with it, garbage that the runtime collects when it likes.
        const read = await peak(resident, async () => {
          for (let n = 0; n < 10; n++) await Promise.all(Array.from({ length: 20 }, () => download(MB)));
        });
        const unreadPeak = await peak(resident, async () => {
          for (let n = 0; n < scaled(200, 1_000); n++) {
            unread(`${url}/${kind}/${MB}`);
            if (n % 4 === 0) unread(`${url}/endless`);
            if (n % 10 === 0) expect((await httpRequest(`${url}/small`)).body).toBe("small");
          }
          await download(4 * MB);
        });

        expect(unreadPeak - read).toBeLessThan(64 * MB);
      },
      60_000,
    );

    it("a poll's answer counts against limits.sendBuffer until it is out", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() }, limits: { sendBuffer: 4 * MB } });
      const { dialogue } = server;
      const session = await PollingSession.open(server.url);
      await session.connectNamespace();
      expect(await session.ask(1, "dialogue:join", { roomId: "chat" })).toMatchObject({ ok: true });
      dialogue.trigger("chat", { name: "message" }, "x".repeat(3 * MB));
      unread(session.url);
      // A poll that is answered is one that is not waiting: what is said next does not go out with it.
      await eventually(() => {
        dialogue.trigger("chat", { name: "message" }, "x".repeat(MB / 4));
        return dialogue.room("chat")!.size() === 0;
      }, "the client that does not read its poll is out");
    });

    it("a poll that comes while the answer of another is not out waits for that, and both are told everything", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() } });
      const { dialogue } = server;
      const session = await PollingSession.open(server.url);
      await session.connectNamespace();
      await session.ask(1, "dialogue:join", { roomId: "chat" });
      dialogue.trigger("chat", { name: "message" }, "x".repeat(3 * MB));
      const first = unread(session.url);
      // Its answer is under way as soon as something of it is here.
      let received = "";
      const began = gate();
      first.on("data", (data: Buffer) => {
        received += data;
        first.pause();
        began.open();
      });
      first.resume();
      await began.opened;
      let answered = false;
      const second = session.get().finally(() => {
        answered = true;
      });
      for (let n = 0; n < 20; n++) {
        dialogue.trigger("chat", { name: "message" }, n);
        await httpRequest(`${server.url}/`);
      }
      expect(answered).toBe(false);
      first.on("data", () => first.resume());
      first.resume();
      const answer = await second;
      expect(answer.status).toBe(200);
      const said = answer.body.split("\x1e").filter((packet) => packet.startsWith("42"));
      expect(said.map((packet) => JSON.parse(packet.slice(2))[1].data)).toEqual(
        Array.from({ length: 20 }, (_, n) => n),
      );
      await eventually(() => received.length > 3 * MB, "the first has all of its own");
    });

    it("a session whose poll nobody reads is over when the connection is cut", async () => {
      const limits = { httpTimeout: 1_000 };
      const server = await stage.serve({ rooms: { chat: chatRoom() }, limits });
      const session = await PollingSession.open(server.url);
      await session.connectNamespace();
      await session.ask(1, "dialogue:join", { roomId: "chat" });
      server.dialogue.trigger("chat", { name: "message" }, "x".repeat(3 * MB));
      unread(session.url);
      await eventually(() => server.dialogue.getAllClients().length === 0, "its client is gone");
    });

    it("polls that nobody reads cost no more than limits.sendBuffer each", async () => {
      const { url, resident } = await program({ sendBuffer: MB, httpTimeout: 30_000 });
      const say = async () =>
        (JSON.parse((await httpRequest(`${url}/say/${MB / 2}`)).body) as { members: number }).members;
      for (let n = 0; n < 10; n++) await say();
      const count = scaled(20, 100);
      const sessions = await Promise.all(
        Array.from({ length: count }, async () => {
          const session = await PollingSession.open(url);
          await session.connectNamespace();
          await session.ask(1, "dialogue:join", { roomId: "chat" });
          return session;
        }),
      );
      const idle = resident();
      const most = await peak(resident, async () => {
        for (let n = 0; n < 20; n++) {
          for (const session of sessions) unread(session.url);
          await say();
        }
        await eventually(async () => (await say()) === 0, "nobody who reads is left");
      });
      expect(most - idle).toBeLessThan(count * 1.5 * MB + 8 * MB);
    }, 60_000);
  });
}
