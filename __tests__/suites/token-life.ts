import { type JwtClaims, Ok, signJwt } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { eventually } from "../support/deadline.js";
import type { Serve, Served } from "../support/server.js";
import { useStage } from "../support/stage.js";
import { issuer, keyServer, nowInSeconds, SECRET, token } from "../support/tokens.js";

/** How long a token lasts, how another takes its place, and where keys come from. */
export function tokenLife(serve: Serve): void {
  const stage = useStage(serve);
  const jwt = { secret: SECRET };

  describe("the end of a token", () => {
    it("line 16: the client is told TOKEN_EXPIRED and disconnected, within a second, on both transports", async () => {
      const reasons: string[] = [];
      const server = await stage.serve({
        jwt,
        hooks: { clients: { onDisconnected: (client) => void reasons.push(client.userId) } },
      });
      const exp = nowInSeconds() + 4;
      const clients = await Promise.all(
        (["websocket", "polling"] as const).map((transport) =>
          stage.connect(server, {
            auth: { token: token({ sub: transport, exp }) },
            transports: [transport],
          }),
        ),
      );
      const other = await stage.connect(server, { auth: { token: token({ sub: "other" }) } });
      for (const client of clients) {
        expect(await client.disconnected()).toBe("io server disconnect");
        const late = Date.now() - exp * 1_000;
        expect(late).toBeGreaterThanOrEqual(-20);
        // On time to the second is shown where time is the test's own, in src/engine/jwt/guard/tests.rs.
        expect(late).toBeLessThan(5_000);
        expect(client.received.at(-1)).toMatchObject({
          event: "dialogue:error",
          args: [{ code: "TOKEN_EXPIRED", message: "The token has expired" }],
        });
      }
      await other.caughtUp();
      await eventually(() => reasons.length === 2, "onDisconnected has run twice");
      expect(reasons.sort()).toEqual(["polling", "websocket"]);
      expect(server.dialogue.getAllClients().map((client) => client.userId)).toEqual(["other"]);
    });

    it("comes after leeway, and for whoever authenticate said it is", async () => {
      const server = await stage.serve({
        jwt: { ...jwt, leeway: 1 },
        hooks: { authenticate: () => Ok({ jwt: { sub: "somebody" } }) },
      });
      const exp = nowInSeconds() + 3;
      const client = await stage.connect(server, { auth: { token: token({ exp }) } });
      expect(await client.disconnected()).toBe("io server disconnect");
      expect(Date.now() - (exp + 1) * 1_000).toBeGreaterThanOrEqual(-20);
    });
  });

  describe("dialogue:refresh", () => {
    it("a good token of the same user extends the connection in place", async () => {
      const server = await stage.serve({ jwt });
      const first = nowInSeconds() + 4;
      const client = await stage.connect(server, { auth: { token: token({ exp: first, n: 1 }) } });
      const handle = server.dialogue.getClients("ada")[0]!;
      const auth = handle.auth!;
      auth["kept"] = true;
      const exp = first + 900;
      const fresh = token({ exp, n: 2 });
      expect(await client.ask("dialogue:refresh", { token: fresh })).toEqual({ ok: true, exp });
      expect(handle.auth).toBe(auth);
      expect(auth).toEqual({ jwt: { sub: "ada", iat: expect.any(Number), exp, n: 2 }, kept: true });
      client.tell("dialogue:refresh", { token: token({ exp: exp + 1 }) });
      expect(await client.next("dialogue:refreshed")).toEqual({ exp: exp + 1 });
      await eventually(() => auth.jwt.exp === exp + 1, "whoever holds the object sees it too");
      const bystander = await stage.connect(server, {
        auth: { token: token({ sub: "bob", exp: first + 1 }) },
      });
      await bystander.disconnected();
      await client.caughtUp();
      expect(client.disconnects).toEqual([]);
    });

    it("a client that the program never looked at shows the newest claims when it does", async () => {
      const server = await stage.serve({ jwt });
      const client = await stage.connect(server, { auth: { token: token() } });
      expect(await client.ask("dialogue:refresh", { token: token({ n: 2 }) })).toMatchObject({ ok: true });
      expect(server.dialogue.getClients("ada")[0]!.auth!.jwt["n"]).toBe(2);
    });

    it("of what authenticate returned only the times change", async () => {
      const auth = { jwt: { sub: "number 5", role: "admin" }, plan: "free" };
      const server = await stage.serve({ jwt, hooks: { authenticate: () => Ok(auth) } });
      const client = await stage.connect(server, { auth: { token: token() } });
      const iat = nowInSeconds();
      await client.ask("dialogue:refresh", { token: token({ iat, exp: iat + 500, role: "nobody" }) });
      const handle = server.dialogue.getClients("number 5")[0]!;
      expect(handle.auth).toBe(auth);
      expect(auth).toEqual({
        jwt: { sub: "number 5", role: "admin", iat, exp: iat + 500 } as JwtClaims,
        plan: "free",
      });
    });

    it("line 20: another user's token, one past its time, garbage: refused, the session unchanged", async () => {
      const server = await stage.serve({ jwt });
      const exp = nowInSeconds() + 5;
      const client = await stage.connect(server, { auth: { token: token({ exp }) } });
      const before = structuredClone(server.dialogue.getClients("ada")[0]!.auth);
      const cases: [unknown, string][] = [
        [{ token: token({ sub: "bob" }) }, "UNAUTHORIZED"],
        [{ token: token({ exp: 5 }) }, "TOKEN_EXPIRED"],
        [{ token: "garbage" }, "UNAUTHORIZED"],
        [{ token: token({}, "another secret") }, "UNAUTHORIZED"],
        [{}, "INVALID_REQUEST"],
        [{ token: 7 }, "INVALID_REQUEST"],
        [{ token: "" }, "INVALID_REQUEST"],
        [{ token: "x".repeat(20_000) }, "INVALID_REQUEST"],
        ["token", "INVALID_REQUEST"],
        [undefined, "INVALID_REQUEST"],
      ];
      for (const [payload, code] of cases) {
        const answer = await client.ask("dialogue:refresh", payload);
        expect([answer.ok, answer.code]).toEqual([false, code]);
      }
      client.tell("dialogue:refresh", { token: "garbage" });
      expect(await client.next("dialogue:error")).toMatchObject({ code: "UNAUTHORIZED" });
      expect(server.dialogue.getClients("ada")[0]!.auth).toEqual(before);
      expect(await client.disconnected()).toBe("io server disconnect");
      expect(Math.abs(Date.now() - exp * 1_000)).toBeLessThan(5_000);
    });

    it("without a token that governs it is an invalid request", async () => {
      for (const config of [{}, { jwt: { ...jwt, required: false } }]) {
        const server = await stage.serve(config);
        const client = await stage.connect(server);
        expect(await client.ask("dialogue:refresh", { token: token() })).toMatchObject({
          ok: false,
          code: "INVALID_REQUEST",
        });
      }
    });
  });

  describe("sets of keys", () => {
    it("a token's kid says which key", async () => {
      const [one, two] = [issuer(), issuer()];
      const server = await stage.serve({ jwt: { jwks: { keys: [one.jwk("1"), two.jwk("2")] } } });
      await stage.connect(server, { auth: { token: one.token("1") } });
      await stage.connect(server, { auth: { token: two.token("2") } });
      await stage.connect(server, { auth: { token: two.token(undefined) } });
      for (const bad of [one.token("2"), one.token("3"), issuer().token("1")]) {
        expect((await stage.client(server, { auth: { token: bad } }).refusal()).data?.code).toBe(
          "UNAUTHORIZED",
        );
      }
    });

    it("are fetched when a token comes, and again for a key that is not known", async () => {
      const [old, fresh] = [issuer(), issuer()];
      const keys = [old.jwk("old")];
      const source = await keyServer(stage, () => keys);
      const server = await stage.serve({ jwt: { jwksUri: source.uri, issuer: "us" } });
      const iss = "us";
      const crowd = Array.from({ length: 10 }, () =>
        stage.connect(server, { auth: { token: old.token("old", { iss }) } }),
      );
      const [client] = await Promise.all(crowd);
      expect(source.asked).toEqual(["/keys"]);
      keys.push(fresh.jwk("fresh"));
      expect(await client!.ask("dialogue:refresh", { token: fresh.token("fresh", { iss }) })).toMatchObject({
        ok: true,
      });
      await stage.connect(server, { auth: { token: fresh.token("fresh", { iss }) } });
      expect(source.asked.length).toBe(2);
    });

    it("line 14: the same kid under another issuer, and a flood of unknown kids", async () => {
      const rsa = issuer();
      const source = await keyServer(stage, () => [rsa.jwk("1")]);
      const server = await stage.serve({ jwt: { jwksUri: source.uri, issuer: "us" } });
      const refused = async (bad: string) =>
        (await stage.client(server, { auth: { token: bad } }).refusal()).data?.code;
      expect(await refused(rsa.token("1", { iss: "them" }))).toBe("UNAUTHORIZED");
      expect(await refused(rsa.token("2", { iss: "them" }))).toBe("UNAUTHORIZED");
      expect(source.asked).toEqual([]);
      const flood = Array.from({ length: 50 }, (_, n) => refused(rsa.token(`made up ${n}`, { iss: "us" })));
      expect(new Set(await Promise.all(flood))).toEqual(new Set(["UNAUTHORIZED"]));
      await stage.connect(server, { auth: { token: rsa.token("1", { iss: "us" }) } });
      for (let n = 0; n < 5; n++) await refused(rsa.token(`more ${n}`, { iss: "us" }));
      expect(source.asked).toEqual(["/keys"]);
    });

    it("that cannot be had let nobody in, and the log says why without the query", async () => {
      const rsa = issuer();
      const large = JSON.stringify({ keys: [rsa.jwk("1")], padding: "x".repeat(300_000) });
      const answers = {
        "the answer was 500": { status: 500 },
        "the set must be a set of keys": { body: "<html>" },
        "the set has no key": { body: '{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"1"}]}' },
        "more than 262144 bytes": { body: large },
        "could not be fetched": { status: 302, headers: { location: "/elsewhere" } },
      };
      for (const [reason, answer] of Object.entries(answers)) {
        const source = await keyServer(stage, () => []);
        source.answer = () => answer;
        const server = await stage.serve({ jwt: { jwksUri: `${source.uri}?code=hunter2` } });
        const { data } = await stage.client(server, { auth: { token: rsa.token("1") } }).refusal();
        expect(data?.code).toBe("UNAUTHORIZED");
        expect(source.asked).toEqual(["/keys?code=hunter2"]);
        expect(server.log.mentions("warn", reason)).toBe(true);
        expect(JSON.stringify(server.log.entries)).not.toContain("hunter2");
      }
    });

    it("that do not come within five seconds are not waited for, and stop() is not held up", async () => {
      const rsa = issuer();
      const source = await keyServer(stage, () => []);
      source.answer = () => "nothing";
      const server: Served = await stage.serve({ jwt: { jwksUri: source.uri } });
      const start = performance.now();
      const client = stage.client(server, { auth: { token: rsa.token("1") } });
      const refused = new Promise<Error & { data?: { code?: string } }>((resolve) =>
        client.socket.once("connect_error", resolve),
      );
      client.socket.connect();
      expect((await refused).data?.code).toBe("UNAUTHORIZED");
      expect(performance.now() - start).toBeLessThan(20_000);
    });
  });

  it("a token that signJwt made is one that the server takes, for every kind of key", async () => {
    const rsa = issuer();
    const server = await stage.serve({ jwt: { publicKey: rsa.publicPem, algorithms: ["PS512"] } });
    const exp = nowInSeconds() + 3_600;
    const good = signJwt({ sub: "ada", exp }, rsa.privatePem, { algorithm: "PS512" });
    const client = await stage.connect(server, { auth: { token: good } });
    expect(client.all("dialogue:connected")[0].exp).toBe(exp);
    const other = signJwt({ sub: "ada" }, rsa.privatePem);
    expect((await stage.client(server, { auth: { token: other } }).refusal()).data?.code).toBe(
      "UNAUTHORIZED",
    );
  });
}
