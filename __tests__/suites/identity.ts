import { type DialogueConfig, Err, type JwtClaims, Ok, signJwt } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { httpRequest } from "../support/http-request.js";
import { PollingSession } from "../support/polling-session.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve, Served } from "../support/server.js";
import { useStage } from "../support/stage.js";
import { forged, issuer, nowInSeconds, SECRET, token } from "../support/tokens.js";

/** Who a connection is, by its token. Tests named after a line are those of the threat list. */
export function identity(serve: Serve): void {
  const stage = useStage(serve);
  const withJwt = (jwt: DialogueConfig["jwt"], config: Partial<DialogueConfig> = {}): Promise<Served> =>
    stage.serve({ jwt: jwt as NonNullable<typeof jwt>, ...config });
  /** The code and message with which a token is refused. */
  const refusal = async (server: Served, auth: Record<string, unknown>, extraHeaders = {}) => {
    const { message, data } = await stage.client(server, { auth, extraHeaders }).refusal();
    return [data?.code, message];
  };

  describe("jwt", () => {
    it("a good token names the client, without JavaScript; its claims are client.auth.jwt", async () => {
      const server = await withJwt({ secret: SECRET });
      const exp = nowInSeconds() + 900;
      const client = await stage.connect(server, {
        userId: "eve",
        auth: { token: token({ exp, role: "admin" }), device: "phone" },
      });
      const [connected] = client.all("dialogue:connected");
      expect(connected).toEqual({ clientId: client.socket.id, userId: "ada", protocol: 1, exp });
      const [handle] = server.dialogue.getClients("ada");
      expect(handle!.auth).toEqual({ jwt: { sub: "ada", iat: expect.any(Number), exp, role: "admin" } });
      expect(handle!.meta).toEqual({ device: "phone" });
      expect(server.dialogue.getClients("eve")).toEqual([]);
    });

    it("comes as a bearer too, over both transports; auth.token goes first", async () => {
      const server = await withJwt({ secret: SECRET });
      for (const transports of [["websocket"], ["polling"]] as const) {
        const client = await stage.connect(server, {
          transports: [...transports],
          extraHeaders: { authorization: `bearer ${token({ sub: "bob" })}` },
        });
        expect(client.all("dialogue:connected")[0].userId).toBe("bob");
      }
      const both = await stage.connect(server, {
        auth: { token: token() },
        extraHeaders: { authorization: `Bearer ${token({ sub: "bob" })}` },
      });
      expect(both.all("dialogue:connected")[0].userId).toBe("ada");
      const basic = { authorization: "Basic YTpi" };
      expect(await refusal(server, {}, basic)).toEqual(["UNAUTHORIZED", "A token is required"]);
    });

    it("none, a bad one and one past its time are refused with their codes", async () => {
      const server = await withJwt({ secret: SECRET });
      const cases: [unknown, string, string][] = [
        [undefined, "UNAUTHORIZED", "A token is required"],
        [null, "UNAUTHORIZED", "A token is required"],
        ["", "UNAUTHORIZED", "A token is required"],
        [7, "UNAUTHORIZED", "The token is malformed"],
        [{ a: 1 }, "UNAUTHORIZED", "The token is malformed"],
        ["garbage", "UNAUTHORIZED", "The token is malformed"],
        [token({}, "another secret"), "UNAUTHORIZED", "The token's signature is not valid"],
        [token({ sub: "system" }), "UNAUTHORIZED", "sub: 'system' is the server's own name"],
        [token({ exp: nowInSeconds() - 1 }), "TOKEN_EXPIRED", "The token has expired"],
      ];
      for (const [given, code, message] of cases) {
        expect(await refusal(server, { userId: "ada", token: given })).toEqual([code, message]);
      }
      expect(server.dialogue.getAllClients()).toEqual([]);
    });

    it("issuer, audience and leeway are asked for where they are given", async () => {
      const server = await withJwt({ secret: SECRET, issuer: "us", audience: ["chat", "web"], leeway: 30 });
      const good = { iss: "us", aud: ["mail", "web"], exp: nowInSeconds() - 10 };
      await stage.connect(server, { auth: { token: token(good) } });
      for (const wrong of [{ iss: "them" }, { iss: undefined }, { aud: "mail" }, { aud: undefined }]) {
        const [code] = await refusal(server, { token: token({ ...good, ...wrong }) });
        expect(code).toBe("UNAUTHORIZED");
      }
    });

    it("required: false lets in who brings none, under no name of its own; a bad one is refused", async () => {
      const server = await withJwt({ secret: SECRET, required: false });
      const guest = await stage.connect(server, { userId: "ada", auth: { colour: "red", token: null } });
      const [connected] = guest.all("dialogue:connected");
      expect(connected).toEqual({ clientId: guest.socket.id, userId: guest.socket.id, protocol: 1 });
      const [handle] = server.dialogue.getAllClients();
      expect([handle!.meta, handle!.auth]).toEqual([{ colour: "red" }, undefined]);
      expect((await refusal(server, { token: "garbage" }))[0]).toBe("UNAUTHORIZED");
      const known = await stage.connect(server, { auth: { token: token() } });
      expect(known.all("dialogue:connected")[0].userId).toBe("ada");
    });

    it("authenticate runs after a good token, gets its claims, and says who it is", async () => {
      const seen: (JwtClaims | undefined)[] = [];
      const auth = { jwt: { sub: "number 5" }, plan: "free" };
      const server = await withJwt(
        { secret: SECRET, required: false },
        {
          hooks: {
            authenticate: ({ claims, authData }) => {
              seen.push(claims);
              return (authData as { refuse?: boolean }).refuse ? Err("not you") : Ok(auth);
            },
          },
        },
      );
      const exp = nowInSeconds() + 900;
      const client = await stage.connect(server, { auth: { token: token({ exp, role: "x" }) } });
      expect(client.all("dialogue:connected")[0]).toMatchObject({ userId: "number 5", exp });
      expect(server.dialogue.getClients("number 5")[0]!.auth).toBe(auth);
      expect((await refusal(server, { token: token({ exp: 1 }) }))[0]).toBe("TOKEN_EXPIRED");
      expect((await refusal(server, { token: "garbage" }))[0]).toBe("UNAUTHORIZED");
      expect(seen).toEqual([{ sub: "ada", iat: expect.any(Number), exp, role: "x" }]);
      expect(await refusal(server, { token: token(), refuse: true })).toEqual(["UNAUTHORIZED", "not you"]);
      const guest = await stage.connect(server, {});
      expect(guest.all("dialogue:connected")[0].exp).toBeUndefined();
      expect(seen.slice(1).map((claims) => claims?.sub)).toEqual(["ada", undefined]);
    });
  });

  describe("the threat list: identity", () => {
    it("line 13: algorithms that are none, or not the key's, and headers that bring a key", async () => {
      const rsa = issuer();
      const now = nowInSeconds();
      const claims = { sub: "ada", iat: now, exp: now + 60 };
      let requests = 0;
      const app = { fetch: () => new Response(`${++requests}`) };
      const byKind: [DialogueConfig["jwt"], (header: object) => string][] = [
        [{ secret: SECRET }, (header) => forged({ alg: "HS256", ...header }, claims)],
        [{ publicKey: rsa.publicPem }, (header) => rsa.token(undefined, {}, header)],
      ];
      for (const [jwt, sign] of byKind) {
        const server = await withJwt(jwt, { app });
        await stage.connect(server, { auth: { token: sign({}) } });
        const url = `${server.url}/keys`;
        for (const header of [
          ...["none", "None", "NONE", "nOnE", "", "HS1", null, undefined].map((alg) => ({ alg })),
          ...[{ jwk: rsa.jwk("a") }, { jku: url }, { x5u: url }, { crit: ["exp"] }, { crit: [] }],
        ]) {
          expect((await refusal(server, { token: sign(header) }))[0]).toBe("UNAUTHORIZED");
        }
        for (const pem of [rsa.publicPem, rsa.publicPem.trim()]) {
          expect((await refusal(server, { token: forged({ alg: "HS256" }, claims, pem) }))[0]).toBe(
            "UNAUTHORIZED",
          );
        }
        const [header, body] = sign({}).split(".");
        for (const text of [`${header}.${body}.`, `${header}.${body}`, "..", `${header}.${body}.AAAA`]) {
          expect((await refusal(server, { token: text }))[0]).toBe("UNAUTHORIZED");
        }
      }
      expect(requests).toBe(0);
    });

    it("line 15: times and users that make no sense", async () => {
      const server = await withJwt({ secret: SECRET });
      const now = nowInSeconds();
      const raw = (claims: string) => forged({ alg: "HS256" }, claims);
      const refused = [
        ...["soon", `${now + 60}`, null, -1, 1e20, true, [], {}].map((exp) => token({ exp })),
        raw(`{"sub":"ada","exp":NaN}`),
        raw(`{"sub":"ada","exp":1e999}`),
        raw(`{"sub":"ada"}`),
        token({ nbf: now + 600 }),
        token({ nbf: "later" }),
        token({ iat: now + 7_200, exp: now + 9_000 }),
        token({ iat: 1e20 }),
        ...["", 7, null, undefined, ["ada"], "x".repeat(257), "x".repeat(1 << 13)].map((sub) =>
          token({ sub }),
        ),
      ];
      for (const bad of refused) {
        expect((await refusal(server, { token: bad }))[0]).toBe("UNAUTHORIZED");
      }
      expect(server.dialogue.getAllClients()).toEqual([]);
      await stage.connect(server, { auth: { token: token({ iat: undefined, nbf: now }) } });
    });

    it("line 17: a token, what auth holds and a key are nowhere to be seen", async () => {
      const password = "hunter2 and more";
      const server = await withJwt(
        { secret: SECRET },
        { rooms: { chat: chatRoom() }, hooks: { clients: { onConnected: () => Promise.reject("faulty") } } },
      );
      const good = token({ exp: nowInSeconds() + 6 });
      const others = [token({}, "another secret"), token({ exp: 5 }), forged({ alg: "none" }, {})];
      const watcher = await stage.connect(server, { auth: { token: token({ sub: "bob" }), password } });
      const client = await stage.connect(server, { auth: { token: good, password } });
      const told: unknown[] = [];
      for (const one of others) {
        told.push(await refusal(server, { token: one, password }));
        told.push(await client.ask("dialogue:refresh", { token: one }));
        client.tell("dialogue:refresh", { token: one });
      }
      for (const member of [watcher, client]) await member.join("chat");
      await client.ask("dialogue:trigger", { roomId: "chat", event: "message", data: 1 });
      await watcher.next("dialogue:event");
      await client.disconnected();
      told.push(
        await watcher.ask("dialogue:listRooms"),
        await watcher.ask("dialogue:getHistory", { roomId: "chat" }),
      );
      const everything = JSON.stringify([told, watcher.received, client.received, server.log.entries]);
      const { port } = server;
      const page = await httpRequest(`http://127.0.0.1:${port}/nothing-here`);
      for (const secret of [good, ...others, SECRET, Buffer.from(SECRET).toString("base64"), password]) {
        for (const part of [secret, ...secret.split(".").filter((piece) => piece.length > 20)]) {
          expect(everything.includes(part)).toBe(false);
          expect(page.body.includes(part)).toBe(false);
        }
      }
    });

    it("line 18: a foreign origin, with a good token, on both transports", async () => {
      const server = await withJwt({ secret: SECRET }, { cors: { origin: "https://us.example" } });
      const path = `${server.url}/socket.io/?EIO=4&transport=polling`;
      for (const [origin, status] of [
        ["https://them.example", 403],
        ["null", 403],
        ["https://us.example", 200],
      ] as const) {
        expect((await httpRequest(path, { headers: { origin } })).status).toBe(status);
        const client = stage.client(server, {
          auth: { token: token() },
          transports: ["websocket"],
          extraHeaders: { origin },
        });
        const connected = client.connect().then(
          () => 200,
          () => 403,
        );
        expect(await connected).toBe(status);
      }
      await stage.connect(server, { auth: { token: token() } });
    });

    it("line 19: with a good token too, an authenticate that fails has refused", async () => {
      const answers: (() => unknown)[] = [
        () => {
          throw new Error(`a secret: ${SECRET}`);
        },
        () => new Promise(() => {}),
        async () => undefined,
        () => ({}),
        () => Ok(undefined),
        () => Ok({ jwt: {} }),
      ];
      const server = await withJwt(
        { secret: SECRET },
        { limits: { hookTimeout: 2_000 }, hooks: { authenticate: () => answers.shift()!() as never } },
      );
      const codes: unknown[] = [];
      for (let left = answers.length; left > 0; left--) {
        codes.push((await refusal(server, { token: token() }))[0]);
      }
      expect(codes).toEqual(["INTERNAL", "OVERLOADED", "INTERNAL", "INTERNAL", "INTERNAL", "INTERNAL"]);
      expect(server.dialogue.getAllClients()).toEqual([]);
    });

    it("one who was refused may try again on the same session, with a token", async () => {
      const server = await withJwt({ secret: SECRET });
      const session = await PollingSession.open(server.url);
      await session.post("40");
      expect(await session.nextStarting("44")).toContain('"code":"UNAUTHORIZED"');
      await session.connectNamespace({ token: signJwt({ sub: "ada" }, SECRET) });
      expect(server.dialogue.getClients("ada").length).toBe(1);
    });
  });
}
