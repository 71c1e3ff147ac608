import { afterEach, describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";
import { TestClient } from "../support/client.js";
import { eventually } from "../support/deadline.js";
import { PollingSession } from "../support/polling-session.js";
import { HandshakeRefused, RawWebSocket } from "../support/raw-websocket.js";
import { scaled } from "../support/scale.js";

/** File descriptors of a process that runs out of them. A runtime itself needs a few dozen. */
const DESCRIPTORS = 128;

/** What only a process of its own can show: when it ends, with what, and what it holds on to. */
export function processes(): void {
  describe("a process", () => {
    let undo: (() => void)[] = [];
    afterEach(() => {
      for (const step of undo.reverse()) step();
      undo = [];
    });

    function run(name: string, environment?: Record<string, string>, descriptors?: number): ChildProgram {
      const program = new ChildProgram(name, environment, [], descriptors);
      undo.push(() => program.kill());
      return program;
    }

    async function crowd(port: number, count: number, reconnection = false): Promise<TestClient[]> {
      const clients = Array.from(
        { length: count },
        (_, i) => new TestClient(`http://127.0.0.1:${port}`, { userId: `user-${i}`, reconnection }),
      );
      undo.push(() => {
        for (const client of clients) client.close();
      });
      return Promise.all(clients.map((client) => client.connect()));
    }

    it("that never starts its server ends by itself", async () => {
      expect(await run("only-creates.mjs").exited()).toBe(0);
    });

    it("stays alive between start and stop by nothing but the server, and ends by itself after SIGTERM", async () => {
      const program = run("chat-server.mjs", { PING_INTERVAL: "300" });
      const { port } = await program.line("port");
      // The server's own ping, three times: the event loop of the program has had nothing else for 900 ms.
      const session = await PollingSession.open(`http://127.0.0.1:${port}`);
      for (let ping = 0; ping < 3; ping++) await session.nextStarting("2");
      expect(program.running).toBe(true);
      program.signal("SIGTERM");
      expect(await program.exited()).toBe(0);
      expect(program.lines.some((line) => "stopped" in line)).toBe(true);
    });

    it("that was stopped for longer than a ping may take disconnects nobody who answered meanwhile", async () => {
      const [interval, patience] = [300, 1_500];
      const program = run("chat-server.mjs", { PING_INTERVAL: `${interval}`, PING_TIMEOUT: `${patience}` });
      const { port } = await program.line("port");
      const sockets = await Promise.all(
        Array.from({ length: 60 }, () => RawWebSocket.open("127.0.0.1", port)),
      );
      undo.push(() => {
        for (const socket of sockets) socket.destroy();
      });
      for (const socket of sockets) await socket.connectNamespace();
      const polling = await PollingSession.open(`http://127.0.0.1:${port}`);
      await polling.connectNamespace();
      for (const socket of sockets) socket.stopReading();
      // What was pinged before the one that looks was pinged too.
      await polling.nextStarting("2");
      await polling.nextStarting("2");
      program.signal("SIGSTOP");
      // Answers wait in the kernel, and the time of the pings passes.
      for (const socket of sockets) socket.read();
      await new Promise((resolve) => setTimeout(resolve, 2 * (interval + patience)));
      program.signal("SIGCONT");
      // Twice more: by then whoever was overdue would be gone.
      await polling.nextStarting("2");
      await polling.nextStarting("2");
      for (const [n, socket] of sockets.entries()) {
        socket.send(`42${n}["dialogue:listRooms",{}]`);
        await socket.nextStarting(`43${n}[`);
      }
    });

    it("with 200 clients of which ten read nothing ends by itself with 0", async () => {
      const program = run("chat-server.mjs");
      const { port } = await program.line("port");
      const reading = await crowd(port, 190, true);
      const stalled = await Promise.all(
        Array.from({ length: 10 }, () => RawWebSocket.open("127.0.0.1", port)),
      );
      undo.push(() => {
        for (const raw of stalled) raw.destroy();
      });
      await Promise.all(stalled.map((raw) => raw.joinEverything("chat")));
      for (const raw of stalled) raw.stopReading();
      await Promise.all(reading.map((client) => client.join("chat")));
      for (let n = 0; n < 80; n++) {
        await reading[n]!.ask("dialogue:trigger", {
          roomId: "chat",
          event: "typing",
          data: "x".repeat(50_000),
        });
      }
      program.signal("SIGTERM");
      expect(await program.exited(20_000)).toBe(0);
      const reasons = await Promise.all(reading.map((client) => client.disconnected()));
      expect(new Set(reasons)).toEqual(new Set(["transport close"]));
    }, 60_000);

    it("ended by SIGTERM under load: nobody is told to stay away, nothing that was accepted is lost on the way to onCleanup", async () => {
      const program = run("chat-server.mjs", { HISTORY_LIMIT: "50" });
      const { port } = await program.line("port");
      const clients = await crowd(port, 20, true);
      await Promise.all(clients.map((client) => client.join("chat")));
      const accepted: string[] = [];
      const load = clients.map(async (client, who) => {
        const gone = new Promise<void>((resolve) => client.socket.once("disconnect", () => resolve()));
        for (let n = 0; n < 150 && client.socket.connected; n++) {
          const id = `${who}-${n}`;
          const answered = new Promise<void>((resolve) => {
            client.socket.emit(
              "dialogue:trigger",
              { roomId: "chat", event: "message", data: id },
              (answer: { ok: boolean }) => {
                if (answer.ok) accepted.push(id);
                if (accepted.length === 600) program.signal("SIGTERM");
                resolve();
              },
            );
          });
          // Ten in flight.
          if (n % 10 === 9) await Promise.race([answered, gone]);
        }
      });
      expect(await program.exited(20_000)).toBe(0);
      const reasons = await Promise.all(clients.map((client) => client.disconnected()));
      expect(new Set(reasons)).toEqual(new Set(["transport close"]));
      await Promise.all(load);
      const cleaned = program.lines
        .filter((line) => "cleaned" in line)
        .flatMap((line) => line.cleaned as [number, string][]);
      const ids = new Set(cleaned.map(([, id]) => id));
      expect(accepted.length).toBeGreaterThanOrEqual(600);
      expect(accepted.filter((id) => !ids.has(id))).toEqual([]);
      expect(cleaned.map(([offset]) => offset)).toEqual(cleaned.map((_, i) => i + 1));
      expect(program.lines.at(-1)).toEqual({ stopped: true });
    }, 60_000);

    it("line 32: may call process.exit() inside a hook, with the code it gives", async () => {
      const program = run("exits-in-a-hook.mjs");
      const { port } = await program.line("port");
      const client = new TestClient(`http://127.0.0.1:${port}`);
      undo.push(() => client.close());
      client.socket.connect();
      expect(await program.exited()).toBe(7);
    });

    it("line 32: has servers in worker threads, one of which is terminated while it serves", async () => {
      const program = run("in-a-worker.mjs");
      await program.line("done");
      expect(await program.exited()).toBe(0);
    });

    it(`line 33: that starts and stops ${scaled(20, 200)} times holds on to no thread and no file descriptor`, async () => {
      const program = run("starts-and-stops.mjs", { ROUNDS: String(scaled(20, 200)) });
      const { after } = await program.line("after", 120_000);
      expect(await program.exited()).toBe(0);
      const [early, last] = [after[1], after.at(-1)];
      // The runtimes start threads of their own when they see fit; one leaked per round would be four times as many.
      expect(last.descriptors - early.descriptors).toBeLessThanOrEqual(4);
      expect(last.threads - early.threads).toBeLessThanOrEqual(4);
    }, 150_000);

    it("that makes servers, stops and forgets them holds on to none, and to one that runs", async () => {
      const program = run("servers-come-and-go.mjs", { ROUNDS: String(scaled(10, 100)) });
      const { descriptors, answered } = await program.line("descriptors", 120_000);
      expect(await program.exited()).toBe(0);
      // Each that is held on to would be four at least.
      expect(descriptors.at(-1) - descriptors[1]).toBeLessThanOrEqual(4);
      expect(answered.ok).toBe(true);
    }, 150_000);

    it("line 38: out of file descriptors it turns newcomers away, goes on for the others, and recovers by itself", async () => {
      const program = run("chat-server.mjs", {}, DESCRIPTORS);
      const { port } = await program.line("port");
      const [ada, ben] = (await crowd(port, 2)) as [TestClient, TestClient];
      await Promise.all([ada.join("chat"), ben.join("chat")]);
      const taking: RawWebSocket[] = [];
      undo.push(() => {
        for (const raw of taking) raw.destroy();
      });
      const takeAll = async (): Promise<unknown> => {
        for (;;) {
          try {
            taking.push(await RawWebSocket.open("127.0.0.1", port));
          } catch (error) {
            return error;
          }
        }
      };
      const goesOn = async (said: string) => {
        const answer = await ada.ask("dialogue:trigger", { roomId: "chat", event: "message", data: said });
        expect(answer.ok).toBe(true);
        await ben.next("dialogue:event", (message: { data: string }) => message.data === said);
      };
      for (const round of ["the first time", "again"]) {
        const refusal = await takeAll();
        // Closed without an answer, and not left to wait.
        expect(refusal).toBeInstanceOf(HandshakeRefused);
        expect((refusal as HandshakeRefused).status).toBe(0);
        expect(taking.length).toBeGreaterThan(20);
        expect(taking.length).toBeLessThan(DESCRIPTORS);
        const patient = new TestClient(`http://127.0.0.1:${port}`, { userId: "patient", reconnection: true });
        undo.push(() => patient.close());
        patient.socket.io.reconnectionDelay(10);
        patient.socket.io.reconnectionDelayMax(10);
        let refused = 0;
        patient.socket.on("connect_error", () => refused++);
        patient.socket.connect();
        for (let n = 0; n < 10; n++) {
          const before = refused;
          await eventually(() => refused > before, "the newcomer to be turned away");
          await goesOn(`${round}, ${n}`);
        }
        expect(patient.all("dialogue:connected")).toEqual([]);
        for (const raw of taking.splice(0)) raw.destroy();
        await patient.next("dialogue:connected");
        await goesOn(`${round}, when there are some`);
        patient.close();
      }
      expect([ada, ben].flatMap((client) => client.disconnects)).toEqual([]);
      const warnings = program.lines.filter((line) => "warned" in line);
      expect(warnings).toEqual([{ warned: expect.stringContaining("file descriptors") }]);
      program.signal("SIGTERM");
      expect(await program.exited()).toBe(0);
    }, 60_000);
  });
}
