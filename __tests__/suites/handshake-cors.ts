import { describe, expect, it } from "vitest";
import type { HandshakeServer, serveHandshakes } from "../support/handshake-server.js";
import { HANDSHAKE, PAGE, sidOf, useHandshakes } from "../support/handshake-stage.js";
import type { HttpRequestOptions } from "../support/http-request.js";

/** CORS of the Engine.IO path, as Socket.IO's option says. */
export function handshakeCors(make: typeof serveHandshakes): void {
  const { serve, get, webSocket } = useHandshakes(make);

  describe("cors", () => {
    const preflight = { "access-control-request-method": "POST", "access-control-request-headers": "x-a" };
    const ask = (server: HandshakeServer, origin: string | undefined, options: HttpRequestOptions = {}) =>
      get(server, "/socket.io/default/?transport=polling&EIO=4", {
        ...options,
        headers: { ...(origin && { origin }), ...(options.method && preflight) },
      });
    const corsOf = ({ headers }: { headers: Record<string, unknown> }) =>
      Object.fromEntries(
        Object.entries(headers).filter(([name]) => name.startsWith("access-control-") || name === "vary"),
      );

    it("without the option there is nothing of it, and nobody is refused", async () => {
      const server = await serve();
      const answer = await ask(server, PAGE);
      expect([answer.status, corsOf(answer)]).toEqual([200, {}]);
      await webSocket(server, "", { origin: PAGE });
      const options = await ask(server, PAGE, { method: "OPTIONS" });
      expect([options.status, options.body]).toEqual([400, '{"code":2,"message":"Bad handshake method"}']);
    });

    it("a preflight and a request, as configured", async () => {
      const cors = {
        origin: PAGE,
        methods: ["GET", "POST"],
        allowedHeaders: ["content-type"],
        credentials: true,
      };
      const server = await serve({ cors });
      const options = await ask(server, PAGE, { method: "OPTIONS" });
      expect([options.status, corsOf(options)]).toEqual([
        204,
        {
          vary: "Origin",
          "access-control-allow-origin": PAGE,
          "access-control-allow-credentials": "true",
          "access-control-allow-methods": "GET,POST",
          "access-control-allow-headers": "content-type",
        },
      ]);
      const answer = await ask(server, PAGE);
      expect([answer.status, corsOf(answer)]).toEqual([
        200,
        { vary: "Origin", "access-control-allow-origin": PAGE, "access-control-allow-credentials": "true" },
      ]);
      const refused = await get(server, "/socket.io/?transport=tin", { headers: { origin: PAGE } });
      expect([refused.status, refused.headers["access-control-allow-origin"]]).toEqual([400, PAGE]);
    });

    // Each is said by the engine where it can, and by JavaScript where it must: the same either way.
    const cases: [name: string, cors: unknown, allows: Record<string, string | undefined>][] = [
      ["true", { origin: true }, { [PAGE]: PAGE }],
      ["*", { origin: "*" }, { [PAGE]: "*" }],
      ["nothing", {}, { [PAGE]: "*" }],
      ["false", { origin: false }, { [PAGE]: undefined }],
      ["a string", { origin: PAGE }, { [PAGE]: PAGE, "https://evil.example": PAGE }],
      ["a list", { origin: [PAGE] }, { [PAGE]: PAGE, "https://evil.example": undefined }],
      ["a string in other letters", { origin: "HTTPS://Page.Example:443" }, { [PAGE]: PAGE }],
      ["a list with a slash", { origin: [`${PAGE}/`] }, { [PAGE]: PAGE, "https://evil.example": undefined }],
      ["the same beside a RegExp", { origin: [`${PAGE}:443/`, /^$/] }, { [PAGE]: PAGE }],
      ["a RegExp", { origin: /\.example$/g }, { [PAGE]: PAGE, "https://evil.test": undefined }],
      [
        "a list with a RegExp",
        { origin: ["https://a.test", /page/] },
        { [PAGE]: PAGE, "https://b.test": undefined },
      ],
      [
        "a function",
        {
          origin: (origin: string, done: (error: unknown, allow: unknown) => void) =>
            done(null, origin === PAGE),
        },
        { [PAGE]: PAGE, "https://evil.example": undefined },
      ],
      [
        "a delegate",
        (req: any, done: (error: unknown, options: unknown) => void) =>
          done(null, { origin: req.headers.origin === PAGE ? PAGE : false }),
        { [PAGE]: PAGE, "https://evil.example": undefined },
      ],
    ];
    for (const [name, cors, expected] of cases) {
      it(`origin: ${name}`, async () => {
        const server = await serve({ cors });
        for (const [origin, allowed] of Object.entries(expected)) {
          const first = await ask(server, origin);
          const path = `${HANDSHAKE}&sid=${sidOf(first.body)}`;
          const post = await get(server, path, { method: "POST", body: "40", headers: { origin } });
          for (const answer of [first, post]) {
            expect([origin, answer.status, answer.headers["access-control-allow-origin"]]).toEqual([
              origin,
              200,
              allowed,
            ]);
          }
          const options = await ask(server, origin, { method: "OPTIONS" });
          expect(options.headers["access-control-allow-origin"]).toBe(allowed);
        }
      });
    }

    it("says the same in the engine and in JavaScript", async () => {
      const rest = {
        exposedHeaders: ["x-b", "x-c"],
        maxAge: 0,
        optionsSuccessStatus: 200,
        credentials: true,
      };
      const fixed = await serve({ cors: { origin: [PAGE], ...rest } });
      const asked = await serve({ cors: { origin: [/^https:\/\/page/], ...rest } });
      for (const method of ["GET", "OPTIONS"]) {
        for (const origin of [PAGE, "https://evil.example", undefined]) {
          const [one, other] = await Promise.all([
            ask(fixed, origin, method === "GET" ? {} : { method }),
            ask(asked, origin, method === "GET" ? {} : { method }),
          ]);
          expect([one.status, corsOf(one)]).toEqual([other.status, corsOf(other)]);
        }
      }
    });
  });
}
