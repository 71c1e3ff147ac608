import { createHmac, createSign, generateKeyPairSync, type KeyObject } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Stage } from "./stage.js";

export const SECRET = "a secret of more than thirty-two bytes, for tests";

export const nowInSeconds = (): number => Math.floor(Date.now() / 1_000);

const encode = (part: unknown): string =>
  Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url");

/** A token of any header and any claims, objects or texts, signed with HS256 whatever the header says. */
export function forged(header: unknown, claims: unknown, secret: string | Buffer = SECRET): string {
  const message = `${encode(header)}.${encode(claims)}`;
  return `${message}.${createHmac("sha256", secret).update(message).digest("base64url")}`;
}

/** A token that is good, but for what the changes do to its claims. */
export function token(claims: Record<string, unknown> = {}, secret: string = SECRET): string {
  const now = nowInSeconds();
  return forged({ alg: "HS256", typ: "JWT" }, { sub: "ada", iat: now, exp: now + 60, ...claims }, secret);
}

/** A pair of RSA keys, and tokens signed with it. */
export interface Issuer {
  readonly publicPem: string;
  readonly privatePem: string;
  jwk(kid: string): object;
  token(kid: string | undefined, claims?: Record<string, unknown>, header?: object): string;
}

export function issuer(): Issuer {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = (key: KeyObject, type: "spki" | "pkcs8") => key.export({ type, format: "pem" }) as string;
  return {
    publicPem: pem(publicKey, "spki"),
    privatePem: pem(privateKey, "pkcs8"),
    jwk: (kid) => ({ ...publicKey.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" }),
    token(kid, claims = {}, header = {}) {
      const now = nowInSeconds();
      const head = { alg: "RS256", ...(kid !== undefined && { kid }), ...header };
      const message = `${encode(head)}.${encode({ sub: "ada", iat: now, exp: now + 60, ...claims })}`;
      return `${message}.${createSign("sha256").update(message).sign(privateKey, "base64url")}`;
    },
  };
}

/** A server that gives out keys, or whatever else `answer` makes of it. */
export interface KeyServer {
  readonly uri: string;
  /** Paths that were asked for. */
  readonly asked: string[];
  answer: () => { status?: number; body?: string; headers?: Record<string, string> } | "nothing";
}

export async function keyServer(stage: Stage, keys: () => object[]): Promise<KeyServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const answer = served.answer();
    if (answer === "nothing") return;
    response.writeHead(answer.status ?? 200, { "content-type": "application/json", ...answer.headers });
    response.end(answer.body ?? JSON.stringify({ keys: keys() }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stage.atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const served: KeyServer = { uri: `http://127.0.0.1:${port}/keys`, asked, answer: () => ({}) };
  return served;
}
