import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import type { serveHandshakes } from "../support/handshake-server.js";
import { PAGE, useHandshakes } from "../support/handshake-stage.js";

const require = createRequire(import.meta.url);

/** What is served below the Engine.IO path, and what its options are. */
export function enginePath(make: typeof serveHandshakes): void {
  const { serve, get } = useHandshakes(make);

  describe("paths", () => {
    it("what begins with the path is the engine's, the rest is 404 and empty", async () => {
      const server = await serve({ path: "/live/" });
      const query = "?EIO=4&transport=polling";
      for (const [path, status] of [
        [`/live/${query}`, 200],
        [`/live/default/${query}`, 200],
        [`/live${query}`, 404],
        [`/lively/${query}`, 404],
        ["/", 404],
        ["/abcdefghij/socket.io.js", 404],
      ] as const) {
        expect([path, (await get(server, path)).status]).toEqual([path, status]);
      }
      expect((await get(server, "/")).body).toBe("");
    });

    it("addTrailingSlash: false", async () => {
      const server = await serve({ addTrailingSlash: false });
      expect((await get(server, "/socket.io?EIO=4&transport=polling")).status).toBe(200);
    });
  });

  describe("serveClient", () => {
    const { version } = require("socket.io-client/package.json") as { version: string };

    it("the client's files, with type and version", async () => {
      const server = await serve({ cors: { origin: "https://good-origin.com" } });
      for (const name of ["socket.io", "socket.io.min", "socket.io.msgpack.min", "socket.io.esm.min"]) {
        for (const [file, type] of [
          [`${name}.js?buster=1`, "application/javascript; charset=utf-8"],
          [`${name}.js.map`, "application/json; charset=utf-8"],
        ] as const) {
          const { status, headers, body } = await get(server, `/socket.io/${file}`);
          expect([file, status, headers["content-type"], headers["etag"]]).toEqual([
            file,
            200,
            type,
            `"${version}"`,
          ]);
          expect(headers["cache-control"]).toBe("public, max-age=0");
          expect(headers["access-control-allow-origin"]).toBe("https://good-origin.com");
          expect(body).toMatch(/engine\.io/);
        }
      }
      for (const file of ["socket.io.esm.js", "a/socket.io.js", "package.json"]) {
        expect([file, (await get(server, `/socket.io/${file}`)).status]).toEqual([file, 400]);
      }
    });

    it("not again to whom has it, and compressed to whom likes that", async () => {
      const server = await serve({ cors: { origin: /.*/ } });
      for (const known of [`"${version}"`, `W/"${version}"`]) {
        const headers = { "if-none-match": known };
        expect((await get(server, "/socket.io/socket.io.js", { headers })).status).toBe(304);
      }
      for (const [accepted, encoding] of [
        ["gzip,br,deflate", "gzip"],
        ["br", "br"],
        ["gzip;q=0.5, br;q=0.8", "br"],
        ["deflate", "deflate"],
        ["identity, gzip", undefined],
        ["gzip;q=0", undefined],
      ] as const) {
        const headers = { "accept-encoding": accepted, origin: PAGE };
        const answer = await get(server, "/socket.io/socket.io.min.js", { headers });
        expect([accepted, answer.headers["content-encoding"]]).toEqual([accepted, encoding]);
        expect(answer.headers["access-control-allow-origin"]).toBe(PAGE);
      }
      const page = await fetch(`${server.url}/socket.io/socket.io.js`);
      expect(await page.text()).toMatch(/engine\.io/);
    });

    it("false: it is a request like any other", async () => {
      const server = await serve({ serveClient: false });
      expect((await get(server, "/socket.io/socket.io.js")).body).toBe(
        '{"code":0,"message":"Transport unknown"}',
      );
    });
  });

  describe("options", () => {
    it("are shown with their defaults", async () => {
      const server = await serve({ pingInterval: 24_000, own: 1 });
      expect(server.engine.opts).toMatchObject({
        ...{ pingTimeout: 20_000, pingInterval: 24_000, upgradeTimeout: 10_000, maxHttpBufferSize: 1e6 },
        ...{
          transports: ["polling", "websocket"],
          allowUpgrades: true,
          cors: false,
          allowEIO3: false,
          own: 1,
        },
      });
      expect(JSON.parse((await get(server)).body.slice(1))).toMatchObject({ pingInterval: 24_000 });
      expect(server.engine.clientsCount).toBe(1);
    });

    it("allowUpgrades: false offers none", async () => {
      const server = await serve({ allowUpgrades: false });
      expect(JSON.parse((await get(server)).body.slice(1)).upgrades).toEqual([]);
    });

    for (const [name, options] of Object.entries({
      parser: { parser: {} },
      adapter: { adapter: () => {} },
      transports: { transports: ["polling", "webtransport"] },
      "cookie.sameSite": { cookie: { sameSite: "loose" } },
      pingTimeout: { pingTimeout: "soon" },
      path: { path: "/a b" },
    })) {
      it(`an unsupported or wrong '${name}' is named`, async () => {
        await expect(make(options)).rejects.toThrow(`'${name}'`);
      });
    }

    it("what makes no difference is accepted", async () => {
      await serve({
        ...{ perMessageDeflate: true, httpCompression: false, wsEngine: "x", connectionStateRecovery: {} },
        ...{ allowEIO3: false, maxHttpBufferSize: Number.POSITIVE_INFINITY },
      });
    });

    it("generateId is refused with a reason", async () => {
      const server = await serve();
      expect(() => {
        (server.engine as any).generateId = () => "1";
      }).toThrow(/secret/);
    });
  });
}
