import { describe, expect, it } from "vitest";
import { bytesOf } from "../support/client.js";
import { eventually, within } from "../support/deadline.js";
import type { Reach } from "../support/io.js";
import { connected, next, useIo } from "../support/io-stage.js";
import { RawWebSocket } from "../support/raw-websocket.js";

/** What a callback gets, once. */
const answered = (ask: (answer: (...args: any[]) => void) => unknown): Promise<any[]> =>
  within(new Promise((resolve) => void ask((...args) => resolve(args))), "an answer");

/** Acknowledgements, in both directions. */
export function ioAcks(reach: Reach): void {
  describe(`io, acknowledgements (${reach.name})`, () => {
    const stage = useIo(reach);

    for (const nsp of ["/", "/a"]) {
      it(`in ${nsp}, of what a client sent: with any arguments, binary too, once`, async () => {
        const { client, socket } = await stage.pair(await stage.serve(), nsp);
        socket.on("asks", (n, answer) => {
          answer(n, null, { a: [Buffer.from([1, 2])] });
          answer("again");
        });
        socket.on("asks late", (answer) => setImmediate(answer));
        let calls = 0;
        const args = await answered((answer) =>
          client.socket.emit("asks", 7, (...all: unknown[]) => {
            calls++;
            answer(...all);
          }),
        );
        expect([args[0], args[1], bytesOf(args[2].a[0])]).toEqual([7, null, [1, 2]]);
        expect(await client.socket.timeout(5_000).emitWithAck("asks late")).toBe(undefined);
        expect(calls).toBe(1);
      });

      it(`in ${nsp}, of what the server sent: with any arguments, binary too`, async () => {
        const { client, socket } = await stage.pair(await stage.serve(), nsp);
        client.socket.on("asks", (bytes, answer) => answer(bytes, [1], "é"));
        client.socket.on("asks nothing", (answer) => answer());
        const args = await answered((answer) => socket.emit("asks", Buffer.from([9]), answer));
        expect([bytesOf(args[0]), args[1], args[2]]).toEqual([[9], [1], "é"]);
        expect(Buffer.isBuffer(args[0])).toBe(true);
        const timed = await answered((answer) =>
          socket.timeout(5_000).emit("asks", new Uint8Array([1]), answer),
        );
        expect([timed[0], bytesOf(timed[1]), timed.length]).toEqual([null, [1], 4]);
        expect(await answered((answer) => socket.emit("asks nothing", answer))).toEqual([]);
        expect(bytesOf(await socket.emitWithAck("asks", Buffer.from([3])))).toEqual([3]);
        expect(await socket.timeout(5_000).emitWithAck("asks nothing")).toBe(undefined);
      });
    }

    it("one that could not be sent may be sent again", async () => {
      const { client, socket } = await stage.pair(await stage.serve(), "/a");
      const thrown: unknown[] = [];
      socket.on("asks", (answer) => {
        const cycle: unknown[] = [];
        cycle.push(cycle);
        for (const wrong of [cycle, 1n]) {
          try {
            answer(wrong);
          } catch (error) {
            thrown.push(error instanceof Error);
          }
        }
        answer("at last");
        answer("not again");
      });
      expect(await answered((answer) => client.socket.emit("asks", answer))).toEqual(["at last"]);
      expect(thrown).toEqual([true, true]);
    });

    it("`this` is the socket in an acknowledgement, and the operator in that of a broadcast", async () => {
      const { client, socket } = await stage.pair(await stage.serve(), "/a");
      client.socket.on("asks", (answer) => answer(1));
      const within = (ask: (answer: (this: unknown) => void) => unknown): Promise<unknown> =>
        new Promise((resolve) => {
          ask(function () {
            resolve(this);
          });
        });
      expect((await within((answer) => socket.emit("asks", answer))) === socket).toBe(true);
      expect((await within((answer) => socket.timeout(5_000).emit("asks", answer))) === socket).toBe(true);
      expect((await within((answer) => socket.timeout(1).emit("nobody", answer))) === socket).toBe(true);
      for (const event of ["asks", "nobody"]) {
        const operator = socket.nsp.timeout(event === "asks" ? 5_000 : 1);
        expect((await within((answer) => operator.emit(event, answer))) === operator).toBe(true);
      }
    });

    it("a timeout is an error, told once, also when the answer comes after it", async () => {
      const { client, socket } = await stage.pair(await stage.serve(), "/a");
      const late: ((value: number) => void)[] = [];
      client.socket.on("asks", (answer) => late.push(answer));
      const outcomes: unknown[][] = [];
      socket.timeout(10).emit("asks", (...outcome: unknown[]) => void outcomes.push(outcome));
      await expect(socket.timeout(10).emitWithAck("asks")).rejects.toThrow("operation has timed out");
      await eventually(() => late.length === 2 && outcomes.length === 1, "both were asked");
      for (const answer of late) answer(1);
      client.socket.on("fence", (answer) => answer());
      await socket.emitWithAck("fence");
      expect(outcomes).toEqual([[expect.any(Error)]]);
      // The flag was that one call's.
      client.socket.on("slow", (answer) => setTimeout(answer, 30, "came"));
      expect(await socket.emitWithAck("slow")).toBe("came");
    });

    it("many at once find their callbacks", async () => {
      const server = await stage.serve();
      const pairs = [await stage.pair(server, "/a"), await stage.pair(server, "/a")];
      for (const [i, { client, socket }] of pairs.entries()) {
        client.socket.on("double", (n, answer) => setTimeout(answer, n % 3, [i, 2 * n]));
        socket.on("triple", (n, answer) => setTimeout(answer, n % 3, [i, 3 * n]));
      }
      const numbers = Array.from({ length: 60 }, (_, n) => n);
      const asked = pairs.map(async ({ client, socket }, i) => {
        const [doubles, triples] = await Promise.all([
          Promise.all(numbers.map((n) => socket.timeout(5_000).emitWithAck("double", n))),
          Promise.all(numbers.map((n) => client.socket.timeout(5_000).emitWithAck("triple", n))),
        ]);
        expect(doubles).toEqual(numbers.map((n) => [i, 2 * n]));
        expect(triples).toEqual(numbers.map((n) => [i, 3 * n]));
      });
      await Promise.all(asked);
    });

    it("when the socket ends before: with a timeout an error, without nothing", async () => {
      const { client, socket } = await stage.pair(await stage.serve(), "/a");
      const outcomes: string[] = [];
      socket.emit("asks", () => void outcomes.push("without a timeout"));
      socket.timeout(20).emit("asks", (error: Error) => void outcomes.push(error.message));
      await client.next("asks");
      client.close();
      await next(socket, "disconnect");
      socket.emit("asks", () => void outcomes.push("of one that is over"));
      const timed = socket.timeout(20).emitWithAck("asks");
      await expect(timed).rejects.toThrow("operation has timed out");
      expect(outcomes).toEqual(["operation has timed out"]);
    });

    it("answered after the client left: nothing happens", async () => {
      const server = await stage.serve();
      const { client, socket } = await stage.pair(server, "/a");
      const asked = next<(value: unknown) => void>(socket, "asks");
      client.socket.emit("asks", () => {});
      const answer = await asked;
      client.close();
      await next(socket, "disconnect");
      answer(1);
      answer(Buffer.from([1]));
      await connected(client.socket);
      server.io.of("/a").emit("fence");
      await client.next("fence");
    });

    it("of a broadcast: the first argument of each, in the order they come", async () => {
      const server = await stage.serve();
      const clients = [];
      for (let i = 0; i < 3; i++) clients.push(await stage.connect(server, server.io.of("/a").name));
      for (const [i, { socket }] of clients.entries()) {
        socket.on("asks", (answer) => answer(i, "more"));
        socket.on("asks binary", (bytes, answer) => answer(bytes));
      }
      const namespace = server.io.of("/a");
      const [error, responses] = await answered((answer) => namespace.timeout(5_000).emit("asks", answer));
      expect([error, responses.toSorted()]).toEqual([null, [0, 1, 2]]);
      const room = namespace.except(clients[0]!.socket.id!).timeout(5_000);
      expect((await room.emitWithAck("asks")).toSorted()).toEqual([1, 2]);
      const binary = await namespace.timeout(5_000).emitWithAck("asks binary", Buffer.from([4]));
      expect(binary.map(bytesOf)).toEqual([[4], [4], [4]]);
      const [socket] = await namespace.in(clients[0]!.socket.id!).fetchSockets();
      const others = (socket as any).broadcast.timeout(5_000);
      expect((await others.emitWithAck("asks")).toSorted()).toEqual([1, 2]);
      expect(await namespace.to("nobody").timeout(5_000).emitWithAck("asks")).toEqual([]);
    });

    it("of a broadcast that one leaves, or is silent to: an error with the answers that came", async () => {
      const server = await stage.serve();
      const namespace = server.io.of("/a");
      const [one, two, three] = [
        await stage.connect(server, "/a"),
        await stage.connect(server, "/a"),
        await stage.connect(server, "/a"),
      ];
      one!.socket.on("asks", (answer) => {
        answer(1);
        answer("twice");
      });
      two!.socket.on("asks", () => two!.close());
      three!.socket.on("asks", (answer) => answer(3));
      const outcome = answered((answer) => namespace.timeout(1_000).emit("asks", answer));
      const [error, responses] = await outcome;
      expect([error, responses.toSorted()]).toEqual([expect.any(Error), [1, 3]]);
      const silent = await namespace
        .timeout(100)
        .emitWithAck("nobody listens")
        .catch((failure) => failure);
      expect([silent.message, silent.responses]).toEqual(["operation has timed out", []]);
    });

    it("of what is volatile and was not sent: time is up, or nothing, and a broadcast waits for those who got it", async () => {
      const server = await stage.serve();
      const { client, socket } = await stage.pair(server, "/a");
      client.socket.on("asks", (answer) => answer(1));
      const outcomes: unknown[] = [];
      // Of two in one turn the second is not sent.
      socket.emit("first");
      socket.volatile.emit("asks", () => void outcomes.push("without a timeout"));
      const timed = socket.volatile.timeout(20).emitWithAck("asks");
      const ofMany = socket.nsp.volatile.timeout(200).emitWithAck("asks");
      ofMany.catch(() => {});
      await expect(timed).rejects.toThrow("operation has timed out");
      // npm's waits for those whom it did not send to.
      if (!reach.name.startsWith("npm")) expect(await ofMany).toEqual([]);
      expect(await socket.emitWithAck("asks")).toBe(1);
      expect([client.all("asks").length, outcomes]).toEqual([1, []]);
    });

    it("answers that nobody asked for, or that another was asked for, are nothing", async () => {
      const server = await stage.serve();
      const { socket } = await stage.pair(server, "/a");
      const { hostname, port } = new URL(server.url);
      const forger = await RawWebSocket.open(hostname, Number(port));
      stage.atEnd(() => forger.destroy());
      await forger.nextStarting("0");
      forger.send("40/a,");
      await forger.nextStarting("40/a,");
      const arrived = [...server.io.of("/a").sockets.values()].find(({ id }) => id !== socket.id)!;
      const answers: unknown[] = [];
      socket.timeout(100).emit("asks", (_: unknown, answer: unknown) => void answers.push(answer));
      const told = next(arrived, "n");
      for (const id of [0, 1, 2, 3, 99, 9_007_199_254_740_993n]) forger.send(`43/a,${id}["forged"]`);
      forger.send('42/a,["n"]');
      await told;
      const asked = arrived.timeout(5_000).emitWithAck("asks");
      const number = /^42\/a,(\d+)/.exec(await forger.nextStarting("42/a"))![1];
      forger.send(`43/a,${number}["right"]`);
      forger.send(`43/a,${number}["again"]`);
      expect(await asked).toBe("right");
      await eventually(() => answers.length === 1, "the timeout");
      expect(answers).toEqual([undefined]);
    });

    it("what is not sendable is an error where it is given", async () => {
      const { client, socket } = await stage.pair(await stage.serve(), "/a");
      const asked = next<(value: unknown) => void>(socket, "asks");
      client.socket.emit("asks", () => {});
      const answer = await asked;
      const circle: Record<string, unknown> = {};
      circle["self"] = circle;
      for (const value of [1n, circle]) {
        expect(() => socket.emit("n", value)).toThrow();
        expect(() => socket.nsp.emit("n", value)).toThrow();
      }
      expect(() => answer(1n)).toThrow();
      socket.emit("fence");
      await client.next("fence");
      expect(client.received.map(({ event }) => event)).toEqual(["fence"]);
    });
  });
}
