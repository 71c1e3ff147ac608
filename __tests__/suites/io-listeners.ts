import type { Socket } from "socket.io";
import { describe, expect, it } from "vitest";
import { bytesOf } from "../support/client.js";
import { within } from "../support/deadline.js";
import type { Reach } from "../support/io.js";
import { next, nextConnection, type Pair, useIo } from "../support/io-stage.js";
import { PollingSession } from "../support/polling-session.js";

/** Events that clients send, and who is told of them. */
export function ioListeners(reach: Reach): void {
  describe(`io, listeners (${reach.name})`, () => {
    const stage = useIo(reach);
    const asked = ({ client }: Pair) => client.socket.emitWithAck("fence");
    /** A pair whose socket answers `fence`: what was sent before was handled. */
    async function fenced(nsp = "/a"): Promise<Pair> {
      const pair = await stage.pair(await stage.serve(), nsp);
      pair.socket.on("fence", (answer) => answer());
      return pair;
    }

    for (const nsp of ["/", "/a"]) {
      it(`on, in ${nsp}, gets an event's arguments as they were sent, binary too, in order`, async () => {
        const { client, socket } = await stage.pair(await stage.serve(), nsp);
        const heard: unknown[][] = [];
        socket.on("any", (...args: unknown[]) => void heard.push(args));
        const sent = [1, "é☃", [3, { a: null }], true, { __proto__: 1, constructor: { b: [] } }];
        client.socket.emit("any", ...sent);
        client.socket.emit("any");
        client.socket.emit("any", Buffer.from([1, 2]), { deep: [Buffer.from([]), new Uint8Array([3])] });
        client.socket.emit("any", { _placeholder: true, num: 0 });
        const done = next(socket, "done");
        client.socket.emit("done");
        await done;
        expect(heard.slice(0, 2)).toEqual([sent, []]);
        const [first, second] = heard[2] as any;
        expect([bytesOf(first), bytesOf(second.deep[0]), bytesOf(second.deep[1])]).toEqual([[1, 2], [], [3]]);
        expect(Buffer.isBuffer(first)).toBe(true);
        expect(heard[3]).toEqual([{ _placeholder: true, num: 0 }]);
      });
    }

    it("what looks like a placeholder beside bytes loses no event, whoever sends it", async () => {
      const { client, socket } = await stage.pair(await stage.serve());
      const heard: unknown[][] = [];
      socket.on("p", (...args: unknown[]) => void heard.push(args));
      const shape = { _placeholder: true, num: 0 };
      client.socket.emit("p", shape, Buffer.from([1]));
      const done = next(socket, "done");
      client.socket.emit("done");
      await done;
      // As Socket.IO has it: both are the bytes.
      expect(heard.map((args) => args.map(bytesOf))).toEqual([[[1], [1]]]);
      const came = new Promise<unknown[]>((resolve) => client.socket.once("q", (...args) => resolve(args)));
      socket.emit("q", shape, Buffer.from([2]));
      expect((await within(came, "the event")).map(bytesOf)).toEqual([[2], [2]]);
    });

    it("send and message, emit and binary, reach the client", async () => {
      const { client, socket } = await fenced();
      const heard: unknown[] = [];
      socket.on("message", (...args: unknown[]) => void heard.push(args));
      client.socket.send("a", null);
      expect([socket.send("b"), socket.write("c"), socket.emit("d", Buffer.from([7]))]).toEqual([
        socket,
        socket,
        true,
      ]);
      await asked({ client, socket });
      expect(heard).toEqual([["a", null]]);
      expect(client.all("message")).toEqual(["b", "c"]);
      expect(bytesOf(client.all("d")[0])).toEqual([7]);
    });

    it("come and go: once, off, removeAllListeners, and the same one twice", async () => {
      const pair = await fenced();
      const { client, socket } = pair;
      const heard: unknown[] = [];
      const listener = (n: number) => void heard.push(n);
      socket.once("n", listener);
      client.socket.emit("n", 1).emit("n", 2);
      await asked(pair);
      expect([heard, socket.listenerCount("n"), socket.listeners("n")]).toEqual([[1], 0, []]);
      socket.on("n", listener).on("n", listener);
      client.socket.emit("n", 3);
      await asked(pair);
      expect(heard).toEqual([1, 3, 3]);
      socket.off("n", listener);
      client.socket.emit("n", 4);
      await asked(pair);
      expect([heard, socket.listeners("n")]).toEqual([[1, 3, 3, 4], [listener]]);
      socket.removeAllListeners("n");
      client.socket.emit("n", 5);
      await asked(pair);
      socket.on("n", listener);
      socket.removeAllListeners();
      socket.on("fence", (answer) => answer());
      socket.prependListener("n", (n) => void heard.push(`first ${n}`));
      socket.on("n", listener);
      client.socket.emit("n", 6);
      await asked(pair);
      expect(heard).toEqual([1, 3, 3, 4, "first 6", 6]);
    });

    it("that come later get what comes later, when there were none before", async () => {
      const server = await stage.serve();
      const client = await stage.connect(server, server.io.of("/a").name);
      client.socket.emit("n", 1);
      const [socket] = (await server.io.of("/a").fetchSockets()) as unknown as [Socket];
      socket.on("fence", (answer) => answer());
      await asked({ client, socket });
      const heard: unknown[] = [];
      socket.on("n", (n) => void heard.push(n));
      client.socket.emit("n", 2);
      await asked({ client, socket });
      socket.removeAllListeners("n");
      client.socket.emit("n", 3);
      await asked({ client, socket });
      socket.once("n", (n) => socket.on("n", () => void heard.push(`${n} then`)));
      client.socket.emit("n", 4).emit("n", 5);
      await asked({ client, socket });
      expect(heard).toEqual([2, "4 then"]);
    });

    it("events may be named like anything in JavaScript", async () => {
      const pair = await fenced();
      const { client, socket } = pair;
      const heard: string[] = [];
      const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "", "é", "on", "error"];
      for (const name of names) client.socket.emit(name, 1);
      await asked(pair);
      for (const name of names) socket.on(name, () => void heard.push(name));
      for (const name of names) client.socket.emit(name, 1);
      await asked(pair);
      expect(heard).toEqual(names);
      for (const name of names) socket.emit(name, name);
      await asked(pair);
      expect(client.received.map(({ event }) => event)).toEqual(names);
      expect(() => socket.emit("disconnect")).toThrow('"disconnect" is a reserved event name');
    });

    for (const nsp of ["/", "/a"]) {
      it(`of error, in ${nsp}, get what a client sends under that name, also where there is no other listener`, async () => {
        const { client, socket } = await stage.pair(await stage.serve(), nsp);
        const heard: unknown[] = [];
        socket.on("error", (said: unknown, answer?: any) => {
          heard.push(said);
          answer?.("seen");
        });
        expect(await client.socket.emitWithAck("error", "boom")).toBe("seen");
        expect(heard).toEqual(["boom"]);
      });
    }

    it("onAny, prependAny and offAny: every event, before its own listeners, with its acknowledgement", async () => {
      const pair = await fenced();
      const { client, socket } = pair;
      const seen: unknown[] = [];
      const second = (event: string, ...args: unknown[]) => void seen.push(["second", event, args.length]);
      socket.on("n", () => void seen.push("its own"));
      socket.onAny(second);
      socket.prependAny((event) => void seen.push(["first", event]));
      client.socket.emit("n", 1, 2);
      await next(socket, "n");
      client.socket.emit("unheard");
      await asked(pair);
      expect(seen).toEqual([
        ...[["first", "n"], ["second", "n", 2], "its own"],
        ...[
          ["first", "unheard"],
          ["second", "unheard", 0],
        ],
        ...[
          ["first", "fence"],
          ["second", "fence", 1],
        ],
      ]);
      expect(socket.listenersAny().length).toBe(2);
      socket.offAny(second);
      expect(socket.listenersAny().length).toBe(1);
      socket.offAny();
      client.socket.emit("n");
      await asked(pair);
      expect([socket.listenersAny(), seen.slice(7)]).toEqual([[], ["its own"]]);
    });

    it("onAnyOutgoing, prependAnyOutgoing and offAnyOutgoing: what is sent to this socket, by whomever", async () => {
      const pair = await fenced();
      const { socket } = pair;
      const seen: unknown[] = [];
      const second = (...args: unknown[]) => void seen.push(["second", ...args]);
      const bytes = new Uint8Array([1]);
      socket.onAnyOutgoing(second);
      socket.prependAnyOutgoing((event) => void seen.push(["first", event]));
      socket.emit("own", 1, bytes);
      socket.nsp.to(socket.id).emit("room");
      socket.nsp.except(socket.id).emit("others");
      socket.broadcast.emit("others");
      socket.emit("asks", () => {});
      expect(seen).toEqual([
        ...[
          ["first", "own"],
          ["second", "own", 1, bytes],
        ],
        ...[
          ["first", "room"],
          ["second", "room"],
        ],
        ...[
          ["first", "asks"],
          ["second", "asks"],
        ],
      ]);
      expect((seen[1] as unknown[])[3]).toBe(bytes);
      socket.offAnyOutgoing(second);
      expect(socket.listenersAnyOutgoing().length).toBe(1);
      socket.offAnyOutgoing();
      socket.nsp.emit("silence");
      expect([seen.length, socket.listenersAnyOutgoing()]).toEqual([6, []]);
    });

    it("use: middleware sees an event before its listeners, may change it, or keep it with an error", async () => {
      const pair = await fenced();
      const { client, socket } = pair;
      const seen: unknown[] = [];
      socket.use((event, proceed) => {
        if (event[0] === "wrapped") event.unshift("wrap");
        if (event[0] === "refused") return proceed(Object.assign(new Error("no"), { data: 1 }));
        setImmediate(proceed);
      });
      socket.use((event, proceed) => {
        seen.push(`middleware ${event[0]}`);
        proceed();
      });
      socket.on("wrap", (...args) => void seen.push(args));
      socket.on("refused", () => void seen.push("told of what was refused"));
      socket.on("error", (error: any) => void seen.push([error.message, error.data]));
      client.socket.emit("wrapped", 1).emit("refused", 2);
      await asked(pair);
      expect(seen.filter((entry) => Array.isArray(entry))).toEqual(
        expect.arrayContaining([
          ["wrapped", 1],
          ["no", 1],
        ]),
      );
      expect(seen.filter((entry) => typeof entry === "string")).toEqual([
        "middleware wrap",
        "middleware fence",
      ]);
    });

    if (reach.transport === "polling") {
      it("an event that its client sent in one request with its goodbye is told to nobody", async () => {
        const server = await stage.serve();
        const connection = nextConnection(server.io.of("/a"));
        const session = await PollingSession.open(server.url);
        await session.post("40/a,");
        await session.nextStarting("40/a");
        const socket = await connection;
        const seen: unknown[] = [];
        socket.on("n", (n) => void seen.push(n));
        await session.post('42/a,["n",1]');
        const over = next(socket, "disconnect");
        await session.post('42/a,["n",2]\x1e41/a,');
        expect(await over).toBe("client namespace disconnect");
        expect(seen).toEqual([1]);
      });
    }
  });
}
