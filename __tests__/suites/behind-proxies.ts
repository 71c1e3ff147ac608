import type { DialogueConfig } from "dialogue-rs";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { TLS } from "../support/certificates.js";
import { eventually } from "../support/deadline.js";
import { httpRequest } from "../support/http-request.js";
import type { Serve, Served } from "../support/server.js";
import { useStage } from "../support/stage.js";

type TrustProxy = NonNullable<DialogueConfig["limits"]>["trustProxy"];

/** What Hono's `getConnInfo` reads, on Node and on Bun. */
interface Env {
  incoming: { socket: { remoteAddress: string; remotePort: number; remoteFamily: string } };
  requestIP(): { address: string; port: number; family: string };
}

/** A proxy is believed where the program trusts it, and nobody else. */
export function behindProxies(serve: Serve): void {
  describe("behind proxies", () => {
    const stage = useStage(serve);

    const serving = (trustProxy: TrustProxy, config: Partial<DialogueConfig> = {}) => {
      const app = new Hono<{ Bindings: Env }>();
      app.get("*", (c) => {
        const { remoteAddress, remoteFamily } = c.env.incoming.socket;
        return c.json([remoteAddress, c.env.requestIP().address, remoteFamily, c.req.url]);
      });
      return stage.serve({
        app,
        ...config,
        ...(trustProxy === undefined ? {} : { limits: { trustProxy } }),
      });
    };

    /** The client as a socket shows it, and as the app does. */
    async function seen(server: Served, headers: Record<string, string>, path = "/x") {
      const { io } = server.dialogue;
      const shown: [string, string, boolean][] = [];
      const look = (socket: any) =>
        void shown.push([socket.handshake.address, socket.conn.remoteAddress, socket.handshake.secure]);
      io.on("connection", look);
      const raw = await stage.raw(server, { headers });
      raw.send("40");
      await eventually(() => shown.length === 1, "the connection");
      io.off("connection", look);
      raw.destroy();
      const answer = await httpRequest(`${server.url}${path}`, { headers });
      const [address, other, family, url] = JSON.parse(answer.body);
      expect([shown[0]![1], address, other]).toEqual([shown[0]![0], shown[0]![0], shown[0]![0]]);
      expect(family).toBe(address.includes(":") ? "IPv6" : "IPv4");
      expect(shown[0]![2]).toBe(url.startsWith("https:"));
      return { address, url };
    }

    for (const [trustProxy, rows] of [
      [undefined, [["9.9.9.9", "127.0.0.1"]]],
      [["192.0.2.1"], [["9.9.9.9", "127.0.0.1"]]],
      [
        ["127.0.0.0/8", "::ffff:10.0.0.0/104"],
        [
          ["203.0.113.7", "203.0.113.7"],
          ["9.9.9.9, 203.0.113.7:51008", "203.0.113.7"],
          ["9.9.9.9, [2001:db8::1]:4711, 10.255.0.1", "2001:db8::1"],
          ["9.9.9.9, unknown", "127.0.0.1"],
          ["9.9.9.9, _hidden, 10.0.0.1", "10.0.0.1"],
          ["9.9.9.9,", "127.0.0.1"],
        ],
      ],
      [1, [["9.9.9.9, 203.0.113.7", "203.0.113.7"]]],
      [2, [["9.9.9.9, 203.0.113.7, 198.51.100.1", "203.0.113.7"]]],
      [
        true,
        [
          ["203.0.113.7:51008, 10.0.0.1", "203.0.113.7"],
          ["nonsense, 203.0.113.7", "203.0.113.7"],
        ],
      ],
    ] as const) {
      it(`trustProxy ${JSON.stringify(trustProxy)}: sockets and the app see the same address`, async () => {
        const server = await serving(trustProxy as TrustProxy);
        for (const [forwarded, expected] of rows) {
          const { address } = await seen(server, { "x-forwarded-for": forwarded });
          expect([forwarded, address]).toEqual([forwarded, expected]);
        }
      });
    }

    it("X-Forwarded-Proto is the scheme of request.url and of the handshake, from a trusted proxy", async () => {
      const trusting = await serving(["127.0.0.1"]);
      const host = { host: "chat.example" };
      for (const [proto, url] of [
        ["https", "https://chat.example/x"],
        ["wss", "https://chat.example/x"],
        ["http", "http://chat.example/x"],
        ["https, http", "http://chat.example/x"],
        ["nonsense", "http://chat.example/x"],
      ] as const) {
        const headers = { ...host, "x-forwarded-for": "203.0.113.7", "x-forwarded-proto": proto };
        expect([proto, (await seen(trusting, headers)).url]).toEqual([proto, url]);
      }
      // A host and a target that a URL's parser writes otherwise.
      const odd = { host: "CHAT.example", "x-forwarded-proto": "https" };
      expect((await seen(trusting, odd, "/a/../b")).url).toBe("https://chat.example/b");

      for (const trustProxy of [undefined, ["192.0.2.1"]]) {
        const doubting = await serving(trustProxy);
        expect((await seen(doubting, { ...host, "x-forwarded-proto": "https" })).url).toBe(
          "http://chat.example/x",
        );
      }
    });

    it("under TLS of its own a trusted proxy has the last word", async () => {
      const server = await serving(["127.0.0.1"], { tls: TLS });
      expect((await seen(server, { host: "localhost" })).url).toBe("https://localhost/x");
      const plain = { host: "localhost", "x-forwarded-proto": "http" };
      expect((await seen(server, plain)).url).toBe("http://localhost/x");
    });

    it("connectionsPerAddress counts an IPv6 client by its /64", async () => {
      const server = await stage.serve({ limits: { connectionsPerAddress: 2, trustProxy: true } });
      const status = async (address: string) => {
        const headers = { "x-forwarded-for": address };
        return (await httpRequest(`${server.url}/socket.io/?EIO=4&transport=polling`, { headers })).status;
      };
      expect(await status("2001:db8:0:1::1")).toBe(200);
      expect(await status("2001:db8:0:1:ffff::2")).toBe(200);
      expect(await status("2001:db8:0:1:8000::3")).toBe(429);
      expect(await status("2001:db8:0:2::1")).toBe(200);
      expect(await status("::ffff:203.0.113.7")).toBe(200);
      expect(await status("203.0.113.7")).toBe(200);
      expect(await status("203.0.113.7")).toBe(429);
    });
  });
}
