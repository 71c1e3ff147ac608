import type { DialogueConfig } from "dialogue-rs";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { httpRequest } from "../support/http-request.js";
import type { HandshakeRefused } from "../support/raw-websocket.js";
import type { Serve, Served } from "../support/server.js";
import { useStage } from "../support/stage.js";

const APP = "https://app.example";
const FOREIGN = "https://evil.example";

/** Which origins may talk to the server, the same on both transports. */
export function origins(serve: Serve): void {
  describe("origins", () => {
    const stage = useStage(serve);

    const polling = (server: Served, origin?: string) =>
      httpRequest(`${server.url}/socket.io/?EIO=4&transport=polling`, {
        headers: origin === undefined ? {} : { origin },
      });
    const webSocket = (server: Served, origin?: string) =>
      stage.raw(server, { headers: origin === undefined ? {} : { Origin: origin } }).then(
        () => 101,
        (error: HandshakeRefused) => error.status,
      );

    async function expectOrigins(
      cors: DialogueConfig["cors"],
      expected: [origin: string | undefined, passes: boolean][],
    ) {
      const server = await stage.serve(cors === undefined ? {} : { cors });
      for (const [origin, passes] of expected) {
        const found = [origin, (await polling(server, origin)).status, await webSocket(server, origin)];
        expect(found).toEqual(passes ? [origin, 200, 101] : [origin, 403, 403]);
      }
      return server;
    }

    it("a list: only those, and who has none", async () => {
      const server = await expectOrigins({ origin: [APP, "http://localhost:5173"] }, [
        [APP, true],
        ["http://localhost:5173", true],
        [undefined, true],
        [FOREIGN, false],
        ["null", false],
        [`${APP}.evil.example`, false],
        ["http://app.example", false],
      ]);
      const { headers } = await polling(server, APP);
      expect(headers["access-control-allow-origin"]).toBe(APP);
      expect(headers["access-control-allow-credentials"]).toBe("true");
      expect((await polling(server, FOREIGN)).headers["access-control-allow-origin"]).toBeUndefined();
    });

    it("a list is compared with what browsers send, however it is written", async () => {
      const written = ["HTTPS://App.Example:443", "http://LOCALHOST:80", "https://m\u00fcller.example"];
      const server = await expectOrigins({ origin: [...written, "Capacitor://localhost"] }, [
        [APP, true],
        ["http://localhost", true],
        ["https://xn--mller-kva.example", true],
        ["capacitor://localhost", true],
        ["https://app.example:8443", false],
      ]);
      const { headers } = await polling(server, APP);
      expect(headers["access-control-allow-origin"]).toBe(APP);
    });

    it("the app's responses say the same, unless the app says something itself; a preflight goes to the app first", async () => {
      const app = new Hono();
      app.get("/plain", (c) => c.text("plain"));
      app.get("/own", (c) => c.text("own", 200, { "access-control-allow-origin": "https://own.example" }));
      app.options("/own", (c) => c.text("mine", 200, { "access-control-allow-methods": "PATCH" }));
      const server = await stage.serve({ app, cors: { origin: APP } });
      const ask = (path: string, origin: string | undefined, method = "GET") =>
        httpRequest(`${server.url}${path}`, {
          method,
          headers: {
            ...(origin === undefined ? {} : { origin }),
            ...(method === "OPTIONS" ? { "access-control-request-method": "POST" } : {}),
          },
        });
      const allowed = async (...asked: Parameters<typeof ask>) =>
        (await ask(...asked)).headers["access-control-allow-origin"];
      expect(await allowed("/plain", APP)).toBe(APP);
      expect((await ask("/plain", APP)).headers["vary"]).toMatch(/origin/i);
      expect(await allowed("/plain", FOREIGN)).toBeUndefined();
      expect((await ask("/plain", FOREIGN)).body).toBe("plain");
      expect(await allowed("/plain", undefined)).toBeUndefined();
      expect(await allowed("/own", FOREIGN)).toBe("https://own.example");
      const preflight = await ask("/plain", APP, "OPTIONS");
      expect([preflight.status, preflight.headers["access-control-allow-methods"]]).toEqual([
        200,
        "GET,POST",
      ]);
      expect((await ask("/own", APP, "OPTIONS")).headers["access-control-allow-methods"]).toBe("PATCH");
    });

    it("credentials of a list can be turned off", async () => {
      const server = await stage.serve({ cors: { origin: APP, credentials: false } });
      const { headers } = await polling(server, APP);
      expect(headers["access-control-allow-origin"]).toBe(APP);
      expect(headers["access-control-allow-credentials"]).toBeUndefined();
    });

    for (const [name, cors] of [
      ["absent", undefined],
      ["true", true],
      ["*", { origin: "*" }],
    ] as const) {
      it(`${name}: any origin, without credentials`, async () => {
        const server = await expectOrigins(cors, [
          [FOREIGN, true],
          ["null", true],
          [undefined, true],
        ]);
        const { headers } = await polling(server, FOREIGN);
        expect(headers["access-control-allow-origin"]).toBe("*");
        expect(headers["access-control-allow-credentials"]).toBeUndefined();
      });
    }

    it("false: the server's own only", async () => {
      const server = await expectOrigins(false, [
        [FOREIGN, false],
        ["null", false],
        [undefined, true],
      ]);
      expect([(await polling(server, server.url)).status, await webSocket(server, server.url)]).toEqual([
        200, 101,
      ]);
    });

    it("a preflight is answered for those who may, and not for the others", async () => {
      const server = await stage.serve({ cors: { origin: [APP] } });
      const preflight = (origin: string) =>
        httpRequest(`${server.url}/socket.io/?EIO=4&transport=polling`, {
          method: "OPTIONS",
          headers: {
            origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type",
          },
        });
      const allowed = await preflight(APP);
      expect([200, 204]).toContain(allowed.status);
      expect(allowed.headers["access-control-allow-origin"]).toBe(APP);
      expect(String(allowed.headers["access-control-allow-methods"])).toContain("POST");
      expect((await preflight(FOREIGN)).headers["access-control-allow-origin"]).toBeUndefined();
    });

    for (const [written, requested] of [
      ["/l\u00efve", "/l%C3%AFve"],
      ["/a/../live", "/live"],
      ["/:room", "/:room"],
      ["/{room}", "/%7Broom%7D"],
      ["/*live", "/*live"],
    ] as const) {
      it(`the path ${written} is served where clients ask for it`, async () => {
        const server = await stage.serve({ socket: { path: written } });
        const answer = await httpRequest(`${server.url}${requested}/?EIO=4&transport=polling`);
        expect(answer.status).toBe(200);
        const client = await stage.connect(server, { path: written });
        await client.caughtUp();
      });
    }

    it("transports that are not offered are refused, another path is served", async () => {
      const server = await stage.serve({ socket: { transports: ["websocket"], path: "/live" } });
      expect((await httpRequest(`${server.url}/live/?EIO=4&transport=polling`)).status).toBe(400);
      const client = await stage.connect(server, { path: "/live" });
      await client.caughtUp();
      await expect(stage.raw(server)).rejects.toMatchObject({ status: 404 });
    });
  });
}
