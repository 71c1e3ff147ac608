import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { createDialogue, DialogueError, type JwtAlgorithm, signJwt, verifyJwt } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { forged, nowInSeconds, SECRET, token } from "../support/tokens.js";

const pem = (key: KeyObject): string =>
  key.export({ type: key.type === "public" ? "spki" : "pkcs8", format: "pem" }) as string;

const pairs = {
  rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  p256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  p384: generateKeyPairSync("ec", { namedCurve: "P-384" }),
  ed: generateKeyPairSync("ed25519"),
};

const BY_KIND: [keyof typeof pairs | undefined, JwtAlgorithm[]][] = [
  [undefined, ["HS256", "HS384", "HS512"]],
  ["rsa", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]],
  ["p256", ["ES256"]],
  ["p384", ["ES384"]],
  ["ed", ["EdDSA"]],
];

const thrown = (act: () => unknown): DialogueError => {
  try {
    act();
  } catch (error) {
    return error as DialogueError;
  }
  throw new Error("nothing was thrown");
};

describe("signJwt and verifyJwt", () => {
  for (const [kind, algorithms] of BY_KIND) {
    it(`${kind ?? "a secret"}: ${algorithms.join(", ")}; the first is the default`, () => {
      const pair = kind && pairs[kind];
      const [own, others] = pair ? [pem(pair.privateKey), pem(pair.publicKey)] : [SECRET, SECRET];
      for (const algorithm of algorithms) {
        const signed = signJwt({ sub: "ada", role: "x" }, own, { algorithm, keyId: "k" });
        const header = JSON.parse(Buffer.from(signed.split(".")[0]!, "base64url").toString());
        expect(header).toEqual({ typ: "JWT", alg: algorithm, kid: "k" });
        const now = nowInSeconds();
        const verified = verifyJwt(signed, others);
        expect(verified).toMatchObject({ isOk: true, value: { sub: "ada", role: "x" } });
        const { iat, exp } = verified.expect("it is good");
        expect([now - iat <= 30, exp - iat]).toEqual([true, 3_600]);
        expect(verifyJwt(signed, others, { algorithms: [algorithm] }).isOk).toBe(true);
      }
      const byDefault = signJwt({ sub: "ada" }, Buffer.from(own));
      expect(JSON.parse(Buffer.from(byDefault.split(".")[0]!, "base64url").toString()).alg).toBe(
        algorithms[0],
      );
      expect(verifyJwt(byDefault, Buffer.from(others)).isOk).toBe(true);
      if (pair) {
        const set = { keys: [{ ...pair.publicKey.export({ format: "jwk" }), kid: "k" }] };
        expect(verifyJwt(byDefault, set).isOk).toBe(true);
        expect(verifyJwt(signJwt({ sub: "ada" }, own, { keyId: "other" }), set).isOk).toBe(false);
      }
    });
  }

  it("expiresIn is seconds or a text; exp and iat that are given stay", () => {
    const lifetime = (expiresIn: number | string) => {
      const { iat, exp } = JSON.parse(
        Buffer.from(signJwt({ sub: "a" }, SECRET, { expiresIn }).split(".")[1]!, "base64url").toString(),
      );
      return exp - iat;
    };
    expect(["30s", "15m", "1h", "7d", 90, "2 h"].map(lifetime)).toEqual([30, 900, 3_600, 604_800, 90, 7_200]);
    const exp = nowInSeconds() + 5;
    expect(verifyJwt(signJwt({ sub: "a", exp, iat: 7 }, SECRET), SECRET)).toMatchObject({
      value: { exp, iat: 7 },
    });
    expect(verifyJwt(signJwt({ sub: "a" }, SECRET, { expiresIn: -5 }), SECRET)).toMatchObject({
      isErr: true,
      error: "The token has expired",
    });
  });

  it("a bad token is an Err that shows nothing of it; leeway is 0 unless given", () => {
    const past = token({ exp: nowInSeconds() - 5 });
    expect(verifyJwt(past, SECRET)).toMatchObject({ isErr: true, error: "The token has expired" });
    expect(verifyJwt(past, SECRET, { leeway: 30 }).isOk).toBe(true);
    expect(verifyJwt(token({ iss: "us" }), SECRET, { issuer: ["us", "them"] }).isOk).toBe(true);
    expect(verifyJwt(token({ iss: "you" }), SECRET, { issuer: "us" }).isErr).toBe(true);
    expect(verifyJwt(token({ aud: "chat" }), SECRET, { audience: "chat" }).isOk).toBe(true);
    for (const bad of ["", "a.b.c", forged({ alg: "none" }, { sub: "a" }), 7 as never, undefined as never]) {
      expect(verifyJwt(bad, SECRET).isErr).toBe(true);
    }
    // The public half is no secret, however it is handed over.
    const hs = forged({ alg: "HS256" }, { sub: "ada", exp: nowInSeconds() + 9 }, pem(pairs.rsa.publicKey));
    expect(verifyJwt(hs, pem(pairs.rsa.publicKey)).isErr).toBe(true);
  });

  it("__proto__ among the claims is a name like any other", () => {
    const text = `{"sub":"ada","exp":${nowInSeconds() + 9},"__proto__":{"admin":true}}`;
    const claims = verifyJwt(forged({ alg: "HS256" }, text), SECRET).expect("it is good");
    expect([claims["admin"], ({} as Record<string, unknown>)["admin"]]).toEqual([undefined, undefined]);
  });

  it("what cannot be signed or verified with is INVALID_CONFIG, by the name of the argument", () => {
    const publicPem = pem(pairs.rsa.publicKey);
    const cases: [() => unknown, string][] = [
      [() => signJwt({ sub: "" }, SECRET), "claims.sub: "],
      [() => signJwt({} as never, SECRET), "claims.sub: "],
      [() => signJwt({ sub: "a", exp: "soon" }, SECRET), "claims.exp: "],
      [() => signJwt({ sub: "a", n: 1n }, SECRET), "claims: "],
      [() => signJwt({ sub: "a\ud83d" }, SECRET), "claims: "],
      [() => signJwt({ sub: "a", ["\ud83d"]: 1 }, SECRET), "claims: "],
      [() => signJwt(null as never, SECRET), "claims: "],
      [() => signJwt({ sub: "a" }, ""), "key: "],
      [() => signJwt({ sub: "a" }, publicPem), "key: "],
      [() => signJwt({ sub: "a" }, SECRET, { algorithm: "RS256" }), "options.algorithm: "],
      [() => signJwt({ sub: "a" }, publicPem, { algorithm: "HS256" }), "options.algorithm: "],
      [() => signJwt({ sub: "a" }, SECRET, { algorithm: "none" as never }), "options.algorithm: "],
      [() => signJwt({ sub: "a" }, SECRET, { expiresIn: "a while" }), "options.expiresIn: "],
      [() => signJwt({ sub: "a" }, SECRET, { expiresIn: Number.NaN }), "options.expiresIn: "],
      // What verifyJwt would never take.
      [() => signJwt({ sub: "a" }, SECRET, { expiresIn: 2 ** 53 }), "options.expiresIn: "],
      [() => signJwt({ sub: "a" }, SECRET, { expiresIn: 1e300 }), "options.expiresIn: "],
      [() => signJwt({ sub: "a" }, SECRET, { expiresIn: -1e12 }), "options.expiresIn: "],
      [() => signJwt({ sub: "a", exp: 1e300 }, SECRET), "claims.exp: "],
      [() => signJwt({ sub: "a" }, SECRET, { expires: 5 } as never), "options.expires: "],
      [() => verifyJwt("t", ""), "key: "],
      [() => verifyJwt("t", { keys: [] }), "key: "],
      [() => verifyJwt("t", pem(pairs.rsa.privateKey)), "key: "],
      [() => verifyJwt("t", SECRET, { algorithms: ["RS256"] }), "options.algorithms: "],
      [() => verifyJwt("t", SECRET, { issuer: [] }), "options.issuer: "],
      [() => verifyJwt("t", SECRET, { leeway: -1 }), "options.leeway: "],
    ];
    for (const [act, expected] of cases) {
      const error = thrown(act);
      expect(error).toBeInstanceOf(DialogueError);
      expect([error.code, error.message.startsWith(expected)]).toEqual(["INVALID_CONFIG", true]);
      expect(error.message).not.toContain(SECRET);
    }
  });
});

describe("createDialogue({ jwt })", () => {
  const publicKey = pem(pairs.rsa.publicKey);
  const small = pem(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey);
  const WRONG: [what: string, jwt: unknown, path: string][] = [
    ["no object", SECRET, "jwt: "],
    ["no key", {}, "jwt: "],
    ["two keys", { secret: SECRET, publicKey }, "jwt: "],
    ["an unknown option", { secret: SECRET, expiresIn: 5 }, "jwt.expiresIn: "],
    ["an empty secret", { secret: "" }, "jwt.secret: "],
    ["a secret of no bytes", { secret: new Uint8Array() }, "jwt.secret: "],
    ["a public key as a secret", { secret: publicKey }, "jwt.secret: "],
    ["a public key that is none", { publicKey: "secret" }, "jwt.publicKey: "],
    ["broken PEM", { publicKey: publicKey.replace(/\n.{20}/, "\n!") }, "jwt.publicKey: "],
    ["a private key as a public one", { publicKey: pem(pairs.rsa.privateKey) }, "jwt.publicKey: "],
    ["an RSA key of 1,024 bits", { publicKey: small }, "jwt.publicKey: "],
    ["a set without keys", { jwks: { keys: [] } }, "jwt.jwks: "],
    ["a set that is none", { jwks: [] }, "jwt.jwks: "],
    ["http to somewhere else", { jwksUri: "http://example.com/keys" }, "jwt.jwksUri: "],
    ["http to a name like loopback", { jwksUri: "http://127.0.0.1.example.com/" }, "jwt.jwksUri: "],
    ["another scheme", { jwksUri: "file:///etc/passwd" }, "jwt.jwksUri: "],
    ["a user in the address", { jwksUri: "https://me:hunter2@example.com/" }, "jwt.jwksUri: "],
    ["no address", { jwksUri: "keys" }, "jwt.jwksUri: "],
    ["an algorithm that is none", { secret: SECRET, algorithms: ["none"] }, "jwt.algorithms[0]: "],
    ["no algorithm", { secret: SECRET, algorithms: [] }, "jwt.algorithms: "],
    ["an algorithm that the key is not for", { publicKey, algorithms: ["HS256"] }, "jwt.algorithms: "],
    [
      "a secret's algorithm with jwksUri",
      { jwksUri: "https://a.example/", algorithms: ["HS256"] },
      "jwt.algorithms: ",
    ],
    ["an empty issuer", { secret: SECRET, issuer: "" }, "jwt.issuer: "],
    ["no issuer", { secret: SECRET, issuer: [] }, "jwt.issuer: "],
    ["an audience that is no text", { secret: SECRET, audience: [7] }, "jwt.audience[0]: "],
    ["a negative leeway", { secret: SECRET, leeway: -1 }, "jwt.leeway: "],
    ["a leeway that is NaN", { secret: SECRET, leeway: Number.NaN }, "jwt.leeway: "],
    ["required that is no boolean", { secret: SECRET, required: "no" }, "jwt.required: "],
  ];
  for (const [what, jwt, path] of WRONG) {
    it(`${what}: ${path}`, () => {
      const error = thrown(() => createDialogue({ rooms: {}, jwt: jwt as never }));
      expect([error.code, error.message]).toEqual(["INVALID_CONFIG", expect.stringContaining(path)]);
      expect(error.message.startsWith(path)).toBe(true);
      for (const secret of [SECRET, "hunter2", publicKey]) expect(error.message).not.toContain(secret);
    });
  }

  it("accepts each kind of key", () => {
    for (const jwt of [
      { secret: "s" },
      { secret: new Uint8Array([1, 2]) },
      { publicKey },
      { publicKey: pem(pairs.ed.publicKey) },
      { jwks: { keys: [pairs.p384.publicKey.export({ format: "jwk" })] } },
      { jwksUri: "https://example.com/.well-known/jwks.json" },
      { jwksUri: "http://localhost:9/keys" },
      { jwksUri: "http://[::1]:9/keys" },
    ]) {
      expect(createDialogue({ rooms: {}, jwt }).rooms()).toEqual([]);
    }
  });
});
