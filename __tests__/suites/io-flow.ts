import { describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";
import { within } from "../support/deadline.js";
import type { Reach } from "../support/io.js";
import { next, useIo } from "../support/io-stage.js";

function block(milliseconds: number): void {
  const until = Date.now() + milliseconds;
  while (Date.now() < until);
}

/** Events that come faster than their listeners are done. */
export function ioFlow(reach: Reach): void {
  describe(`io, flow (${reach.name})`, () => {
    const stage = useIo(reach);

    it("a flood for a slow listener: its client is not read meanwhile, nothing is lost, and its heartbeat holds", async () => {
      const events = 60;
      // The client goes where no ping came for the two together.
      const server = await stage.serve({ pingInterval: 300, pingTimeout: 2_500 });
      const heard: number[] = [];
      const reasons: string[] = [];
      server.io.of("/a").on("connection", (socket) => {
        socket.on("n", (n: number) => {
          block(heard.length === 0 ? 4_000 : 2);
          heard.push(n);
        });
        socket.on("last", (answer) => answer());
        socket.on("disconnect", (reason) => void reasons.push(reason));
      });
      const program = new ChildProgram("floods.mjs", {
        URL: `${server.url}/a`,
        TRANSPORT: reach.transport,
        EVENTS: String(events),
        BYTES: "65536",
      });
      stage.atEnd(() => program.kill());
      // Over WebSocket what is not read waits in the kernel, which takes a lot.
      if (reach.transport === "polling") {
        const { waiting } = await program.line("waiting");
        expect(waiting).toBeGreaterThan(events / 3);
      }
      await program.line("sent", 20_000);
      expect(heard).toEqual(Array.from({ length: events }, (_, n) => n));
      await program.line("disconnected");
      expect(program.lines.at(-1)).toEqual({ disconnected: "io client disconnect" });
      expect(reasons.every((reason) => reason === "client namespace disconnect")).toBe(true);
    }, 40_000);

    it("a socket that is ended in the middle of its flood: its connection is read on, and ends by what is for nobody", async () => {
      const server = await stage.serve();
      const { client, socket } = await stage.pair(server, "/a");
      server.io.of("/b").on("connection", () => {});
      const beside = await stage.beside(client, "/b");
      socket.once("n", () => {
        // More than is read at once is waiting by then.
        block(500);
        socket.disconnect();
      });
      // As in Socket.IO: an event for a namespace that the client is not in closes its connection.
      const closed = new Promise<string>((resolve) => beside.once("disconnect", resolve));
      // All of the flood may have been read by then: what is sent now is not.
      client.socket.once("disconnect", () => client.socket.io.engine.write('2/a,["n",-1]'));
      for (let n = 0; n < 20_000; n++) client.socket.emit("n", n);
      expect(await within(closed, "the end of the connection")).toMatch(/^transport/);
    }, 30_000);

    it("more events than the queue holds, from several at once: each client's in its order", async () => {
      const server = await stage.serve();
      const each = 8_000;
      const pairs = [await stage.pair(server, "/a"), await stage.pair(server, "/a")];
      const heard = pairs.map(() => [] as number[]);
      const done = pairs.map(({ client, socket }, i) => {
        socket.on("n", (n: number) => void heard[i]!.push(n));
        const last = new Promise((resolve) => socket.once("last", resolve));
        for (let n = 0; n < each; n++) client.socket.emit("n", n);
        client.socket.emit("last");
        return last;
      });
      await within(Promise.all(done), "the last of each", 20_000);
      const expected = Array.from({ length: each }, (_, n) => n);
      expect(heard).toEqual([expected, expected]);
    }, 40_000);

    it("what is nested too deep for anybody's parser ends its connection, and nothing else", async () => {
      const server = await stage.serve();
      const one = await stage.pair(server, "/a");
      const two = await stage.pair(server, "/a");
      const heard: unknown[] = [];
      one.socket.on("n", (value) => void heard.push(value));
      two.socket.on("n", (value) => void heard.push(value));
      const over = next<string>(one.socket, "disconnect");
      const answer = next<(value: unknown) => void>(one.client.socket, "asks");
      one.socket.emit("asks", (value: unknown) => void heard.push(value));
      let deep: unknown = 1;
      for (let i = 0; i < 2_000; i++) deep = [deep];
      (await answer)(deep);
      expect(await over).toBe("forced close");
      two.client.socket.emit("n", [[["fine"]]]);
      await next(two.socket, "n");
      const alsoOver = next<string>(two.socket, "disconnect");
      two.client.socket.emit("n", deep);
      expect(await alsoOver).toBe("forced close");
      expect(heard).toEqual([[[["fine"]]]]);
      await stage.connect(server, "/a");
    });

    it("events that nobody listens to cost nothing, and end nothing", async () => {
      const server = await stage.serve();
      const client = await stage.connect(server, server.io.of("/a").name);
      let deep: unknown = 1;
      for (let i = 0; i < 2_000; i++) deep = [deep];
      for (let n = 0; n < 1_000; n++) client.socket.emit("nobody", n, deep);
      server.io.of("/a").emit("asks");
      await client.next("asks");
      expect(client.disconnects).toEqual([]);
    });
  });
}
