import { describe, expect, it } from "vitest";
import type { serveHandshakes } from "../support/handshake-server.js";
import { HANDSHAKE, sidOf, useHandshakes } from "../support/handshake-stage.js";

/** The cookie that a handshake sets, as Socket.IO's option says. */
export function handshakeCookie(make: typeof serveHandshakes): void {
  const { serve, get } = useHandshakes(make);

  describe("cookie", () => {
    for (const [cookie, expected] of [
      [true, "io=SID; Path=/; HttpOnly; SameSite=Lax"],
      [{ name: "woot" }, "woot=SID; Path=/; HttpOnly; SameSite=Lax"],
      [{ path: "/custom" }, "io=SID; Path=/custom; HttpOnly; SameSite=Lax"],
      [{ path: false }, "io=SID; HttpOnly; SameSite=Lax"],
      [{ path: null, domain: undefined }, "io=SID; HttpOnly; SameSite=Lax"],
      [{ path: false, httpOnly: false }, "io=SID; SameSite=Lax"],
      [{ httpOnly: false, sameSite: "strict" }, "io=SID; Path=/; SameSite=Strict"],
      [
        {
          maxAge: 60,
          domain: "a.example",
          secure: true,
          sameSite: "none",
          partitioned: true,
          priority: "high",
        },
        "io=SID; Max-Age=60; Domain=a.example; Path=/; HttpOnly; Secure; Partitioned; Priority=High; SameSite=None",
      ],
      [
        { expires: new Date(0), sameSite: false },
        "io=SID; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly",
      ],
    ] as const) {
      it(JSON.stringify(cookie), async () => {
        const server = await serve({ cookie });
        const of = ({ headers, body }: { headers: Record<string, unknown>; body: string }) =>
          (headers["set-cookie"] as string[]).map((text) => text.replace(sidOf(body), "SID"));
        const first = await get(server);
        expect(of(first)).toEqual([expected]);
        const next = await get(server, `${HANDSHAKE}&sid=${sidOf(first.body)}`, {
          method: "POST",
          body: "40",
        });
        expect(next.headers["set-cookie"]).toBeUndefined();
        // The same where the program has its say.
        server.engine.use((_req, res, go) => {
          res.setHeader("Set-Cookie", "own=1");
          go();
        });
        expect(of(await get(server))).toEqual(["own=1", expected]);
      });
    }

    it("none without the option, or with one that is nothing", async () => {
      for (const options of [{}, { cookie: false }, { cookie: null }, { cookie: "" }, { cookie: 0 }])
        expect((await get(await serve(options))).headers["set-cookie"]).toBeUndefined();
    });

    it("an encoding of the program's own is refused: it would not be asked", async () => {
      await expect(serve({ cookie: { encode: (id: string) => id } })).rejects.toThrow("cookie.encode");
    });
  });
}
