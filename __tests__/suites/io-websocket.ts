import type { Socket } from "socket.io";
import { io } from "socket.io-client";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { within } from "../support/deadline.js";
import type { Reach } from "../support/io.js";
import { connected, nextConnection, useIo } from "../support/io-stage.js";
import { HandshakeRefused, RawWebSocket, type RawWebSocketOptions } from "../support/raw-websocket.js";

/** What the handshake of a WebSocket says, and what follows from it. */
export function ioWebSocket(reach: Reach): void {
  describe(`io, the handshake of a WebSocket (${reach.name})`, () => {
    const stage = useIo(reach);

    async function open(server: { url: string }, options: RawWebSocketOptions): Promise<RawWebSocket> {
      const { hostname, port } = new URL(server.url);
      const raw = await RawWebSocket.open(hostname, Number(port), options);
      stage.atEnd(() => raw.destroy());
      return raw;
    }

    it("of the subprotocols that a client offers, the first goes on", async () => {
      const server = await stage.serve();
      const target = `${server.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`;
      for (const [offered, chosen] of [
        [["chat.v2", "chat.v1"], "chat.v2"],
        [["chat.v1"], "chat.v1"],
        [[], ""],
      ] as const) {
        const socket = new WebSocket(target, [...offered]);
        stage.atEnd(() => socket.terminate());
        await within(
          new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject)),
          "the handshake",
        );
        expect(socket.protocol).toBe(chosen);
      }
      for (const transports of [["websocket"], ["polling", "websocket"]]) {
        const client = io(server.url, {
          ...{ forceNew: true, autoConnect: false, reconnection: false },
          ...{ protocols: ["chat.v2", "chat.v1"], transports },
        });
        stage.atEnd(() => client.disconnect());
        const upgraded = new Promise<void>((resolve) => {
          client.io.once("open", () => client.io.engine.once("upgrade", () => resolve()));
        });
        await connected(client);
        if (transports[0] === "polling") await within(upgraded, "the upgrade");
        expect(client.io.engine.transport.name).toBe("websocket");
      }
    });

    it("what is no list of subprotocols is refused", async () => {
      const server = await stage.serve();
      for (const list of ["a,,b", "a b", "a,a", ",", "a/b", "a;b"]) {
        const refused = await open(server, { headers: { "Sec-WebSocket-Protocol": list } }).catch((e) => e);
        expect([list, refused instanceof HandshakeRefused && refused.status]).toEqual([list, 400]);
      }
      const accepted = await open(server, { headers: { "Sec-WebSocket-Protocol": "a,\tb , c" } });
      await accepted.connectNamespace();
    });

    it("b64: binary is text there, both ways", async () => {
      const server = await stage.serve();
      const came = nextConnection(server.io.of("/a"));
      const raw = await open(server, { query: "&b64=1" });
      await raw.nextStarting("0");
      raw.send("40/a,");
      await raw.nextStarting("40/a,");
      const socket = await came;
      socket.on("echo", (value: Buffer) => void socket.nsp.emit("echo", value, Buffer.isBuffer(value)));
      raw.send('451-/a,["echo",{"_placeholder":true,"num":0}]');
      raw.send("bAQIDBA==");
      expect(await raw.next()).toBe('451-/a,["echo",{"_placeholder":true,"num":0},true]');
      expect(await raw.next()).toBe("bAQIDBA==");
      socket.emit("two", Buffer.alloc(0), Buffer.alloc(70_000, 7));
      expect(await raw.next()).toBe(
        '452-/a,["two",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
      );
      expect(await raw.next()).toBe("b");
      expect(await raw.next()).toBe(`b${Buffer.alloc(70_000, 7).toString("base64")}`);
      // Another one takes bytes.
      const other = await open(server, { query: "&b64=" });
      await other.nextStarting("0");
      other.send("40/a,");
      await other.nextStarting("40/a,");
      socket.nsp.emit("to both", Buffer.from([1]));
      await other.nextStarting("451-");
      expect(await other.next()).toEqual(Buffer.from([1]));
      await raw.nextStarting("451-");
      expect(await raw.next()).toBe("bAQ==");
    });

    it("of a repeated query parameter the last value counts", async () => {
      const server = await stage.serve();
      const came = nextConnection(server.io.of("/a"));
      const raw = await open(server, {
        query: "&who=ada&who=e%76e&transport=polling&transport=websocket&n=1&n&m=%20+",
      });
      await raw.nextStarting("0");
      raw.send("40/a,");
      const { handshake, conn, request }: Socket = await came;
      const expected = { EIO: "4", transport: "websocket", who: "eve", n: "", m: "  " };
      expect(handshake.query).toEqual(expected);
      expect((request as unknown as { _query: object })._query).toEqual(expected);
      expect([conn.transport.name, (conn as unknown as { upgraded: boolean }).upgraded]).toEqual([
        "websocket",
        false,
      ]);
    });

    it("the handshake has headers and query in the order in which they came", async () => {
      const server = await stage.serve();
      const came = nextConnection(server.io.of("/a"));
      const headers = { "X-Z": "1", "X-A": "2", "X-M": "3" };
      const raw = await open(server, { query: "&z=1&a=2&z=3", headers });
      await raw.nextStarting("0");
      raw.send("40/a,");
      const { handshake }: Socket = await came;
      expect(Object.keys(handshake.headers).filter((name) => name.startsWith("x-"))).toEqual([
        ...["x-z", "x-a", "x-m"],
      ]);
      expect(Object.keys(handshake.query)).toEqual(["EIO", "transport", "z", "a"]);
    });
  });
}
