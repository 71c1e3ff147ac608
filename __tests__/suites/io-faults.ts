import type { Socket } from "socket.io";
import { describe, expect, it } from "vitest";
import { eventually } from "../support/deadline.js";
import { nothingEscapes } from "../support/escaped.js";
import type { Reach } from "../support/io.js";
import { connected, next, useIo } from "../support/io-stage.js";

const SECRET = "the exception's own words";

/** What a program's function may do wrong. */
const FAULTS: Record<string, () => any> = {
  throws: () => {
    throw new Error(SECRET);
  },
  rejects: () => Promise.reject(new Error(SECRET)),
  "throws what is no error": () => {
    throw undefined;
  },
};

/** A program's function that fails ends nothing but itself: here, npm's would end the process. */
export function ioFaults(reach: Reach): void {
  describe(`io, faults (${reach.name})`, () => {
    const stage = useIo(reach);
    nothingEscapes();

    // npm's makes a second socket of it, and closes the connection of one that polls.
    if (reach.transport === "websocket") {
      it("a client that connects again before it was answered is connected, and its other namespaces stay", async () => {
        const server = await stage.serve();
        for (const name of ["/a", "/b"]) server.io.of(name);
        const client = await stage.connect(server, "/a");
        const gone: string[] = [];
        client.socket.on("disconnect", (reason) => void gone.push(reason));
        const other = client.socket.io.socket("/b");
        other.connect();
        other.disconnect();
        other.connect();
        await connected(other);
        server.io.of("/b").emit("hello");
        await next(other, "hello");
        other.disconnect();
        await connected(other);
        expect([gone, client.socket.connected]).toEqual([[], true]);
      });
    }

    for (const [how, fault] of Object.entries(FAULTS)) {
      for (const nsp of ["/", "/a"]) {
        it(`middleware of ${nsp} that ${how} has refused, and shows nothing of why`, async () => {
          const server = await stage.serve();
          let asked = 0;
          server.io.of(nsp).use((_, proceed) => (asked++ === 0 ? fault() : proceed()));
          const { message, data } = await stage.client(server, nsp).refusal();
          expect({ message, data }).toEqual({ message: "Internal error", data: { code: "INTERNAL" } });
          expect(server.log.at("error").length).toBe(1);
          await stage.connect(server, nsp);
        });
      }

      it(`a listener that ${how} stops no other, nor what comes after`, async () => {
        const server = await stage.serve();
        const seen: string[] = [];
        server.io.of("/a").on("connection", fault);
        server.io.of("/a").on("connection", () => void seen.push("connection"));
        const { client, socket } = await stage.pair(server, "/a");
        for (const event of ["n", "disconnecting", "disconnect"]) {
          socket.on(event, fault);
          socket.on(event, () => void seen.push(event));
        }
        socket.onAny(fault);
        socket.onAny(() => void seen.push("onAny"));
        socket.onAnyOutgoing(fault);
        socket.onAnyOutgoing(() => void seen.push("onAnyOutgoing"));
        socket.conn.on("close", fault);
        socket.conn.on("close", () => void seen.push("close"));
        client.socket.on("asks", (answer) => answer(1));
        client.socket.emit("n");
        await next(socket, "n");
        socket.emit("asks", fault);
        expect(await socket.timeout(5_000).emitWithAck("asks")).toBe(1);
        server.io.of("/a").timeout(5_000).emit("asks", fault);
        await server.io.of("/a").timeout(5_000).emitWithAck("asks");
        client.socket.io.engine.close();
        await eventually(() => seen.includes("close"), "close");
        expect(seen).toEqual([
          ...["connection", "onAny", "n"],
          ...Array(4).fill("onAnyOutgoing"),
          ...["disconnecting", "disconnect", "close"],
        ]);
        await eventually(() => server.log.at("error").length === 12, "each was logged");
        await stage.connect(server, "/a");
      });

      it(`packet middleware that ${how} has kept its event, and no other`, async () => {
        const { client, socket } = await stage.pair(await stage.serve(), "/a");
        socket.use(([event], proceed) => (event === "kept" ? fault() : proceed()));
        const seen: string[] = [];
        socket.on("kept", () => void seen.push("kept"));
        socket.on("error", () => void seen.push("error"));
        client.socket.emit("kept");
        client.socket.emit("passed");
        await next(socket, "passed");
        expect([seen, socket.connected]).toEqual([[], true]);
      });

      it(`a function for names that ${how} has said no`, async () => {
        const server = await stage.serve();
        server.io.of(fault as never);
        server.io.of((name, _, proceed) => proceed(null, name === "/allowed"));
        await expect(stage.connect(server, "/x")).rejects.toThrow("Invalid namespace");
        await stage.connect(server, "/allowed");
        server.io.on("new_namespace", fault);
        expect(server.io.of("/made").name).toBe("/made");
      });
    }

    it("next called twice counts once, whatever it was given the second time", async () => {
      const server = await stage.serve();
      const seen: string[] = [];
      server.io.of("/a").use((_, proceed) => {
        proceed();
        proceed(new Error("too late"));
        proceed();
      });
      server.io.of("/a").use((_, proceed) => {
        seen.push("second");
        proceed();
      });
      server.io.of("/a").on("connection", () => void seen.push("connection"));
      server.io.of("/b").use(async (_, proceed) => {
        proceed();
        throw new Error(SECRET);
      });
      const { client, socket } = await stage.pair(server, "/a");
      await stage.beside(client, "/b");
      socket.use((_, proceed) => {
        proceed();
        proceed();
      });
      socket.on("n", () => void seen.push("n"));
      client.socket.emit("n").emit("last");
      await next(socket, "last");
      expect(seen).toEqual(["second", "connection", "n"]);
    });

    it("next may be given anything that is true, and nothing that is not", async () => {
      const server = await stage.serve();
      const given: unknown[] = ["text", 7, { message: "of an object", data: [1] }, { data: 1 }, Symbol("s")];
      let turn = 0;
      server.io.of("/a").use((_, proceed) => proceed(given[turn++] as Error));
      const refusals = [];
      for (const _ of given) {
        const { message, data } = await stage.client(server, "/a").refusal();
        refusals.push([message, data]);
      }
      expect(refusals).toEqual([
        ["", undefined],
        ["", undefined],
        ["of an object", [1]],
        ["", 1],
        ["", undefined],
      ]);
      for (const nothing of [null, false, 0, ""]) {
        given[turn] = nothing;
        await stage.connect(server, "/a");
      }
    });

    it("an error whose data cannot be sent is sent without", async () => {
      const server = await stage.serve();
      const circle: Record<string, unknown> = {};
      circle["self"] = circle;
      const wrong: unknown[] = [circle, 1n, { toJSON: FAULTS["throws"] }, () => 1];
      let turn = 0;
      server.io.of("/a").use((_, proceed) => {
        proceed(Object.assign(new Error("no"), { data: wrong[turn++] }));
      });
      for (const _ of wrong) {
        const { message, data } = await stage.client(server, "/a").refusal();
        expect([message, data]).toEqual(["no", undefined]);
      }
    });

    it("the server stops while middleware decides, and next afterwards does nothing", async () => {
      const server = await stage.serve();
      const pending: (() => void)[] = [];
      const seen: string[] = [];
      server.io.of("/a").use((_, proceed) => void pending.push(proceed));
      server.io.of("/a").on("connection", () => void seen.push("connection"));
      const client = stage.client(server, "/a");
      client.socket.connect();
      await eventually(() => pending.length === 1, "its middleware runs");
      await server.stop();
      pending[0]!();
      expect([seen, server.io.of("/a").sockets.size]).toEqual([[], 0]);
    });

    it("disconnect in a listener for connection: its end is told, its rooms are gone, its client may come back", async () => {
      const server = await stage.serve();
      const seen: string[] = [];
      let comings = 0;
      server.io.of("/a").on("connection", (socket: Socket) => {
        socket.on("disconnect", (reason) => void seen.push(`${reason} ${socket.connected}`));
        socket.join("x");
        if (comings++ > 0) return;
        socket.disconnect();
        socket.join("y");
        socket.on("n", () => void seen.push("n"));
        socket.emit("to nobody");
        seen.push(`${socket.connected} ${socket.rooms.size}`);
      });
      const client = stage.client(server, "/a");
      await connected(client.socket);
      expect(await client.disconnected()).toBe("io server disconnect");
      expect(seen).toEqual(["server namespace disconnect false", "false 0"]);
      expect(server.io.of("/a").adapter.rooms.size).toBe(0);
      const again = next<Socket>(server.io.of("/a"), "connection");
      await connected(client.socket);
      await again;
      expect([client.all("to nobody"), server.io.of("/a").adapter.rooms.get("x")?.size]).toEqual([[], 1]);
    });
  });
}
