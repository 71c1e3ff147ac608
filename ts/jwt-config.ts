import { types } from "node:util";
import type { JwtAlgorithm } from "../index.js";
import { invalidConfig } from "./errors.js";
import { type Fields, flag, knownFields, list, optional, text, texts } from "./fields.js";
import { native } from "./native.js";

/** Whose tokens are taken, as the engine has it. Exactly one kind of key. */
export interface EngineJwt {
  key: { secret: string } | { publicKey: string } | { jwks: unknown } | "jwksUri";
  algorithms?: JwtAlgorithm[];
  issuer?: string[];
  audience?: string[];
  leeway?: number;
  required?: boolean;
}

/** `jwt`, checked: what the engine gets, and where the keys are when they are to be fetched. */
export interface JwtSpec {
  readonly engine: EngineJwt;
  readonly jwksUri?: URL;
}

const ALGORITHMS: readonly string[] = [
  ...["HS256", "HS384", "HS512", "RS256", "RS384", "RS512"],
  ...["PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"],
];
const KEYS = ["secret", "publicKey", "jwks", "jwksUri"];
const POLICY = ["algorithms", "issuer", "audience", "leeway"];
/** Seconds: more is no difference between clocks. */
const MAX_LEEWAY = 86_400;

/** Bytes that a secret has at least, by algorithm (RFC 7518, 3.2): as many as its hash. */
const SECRET_BYTES: Record<string, number> = { HS256: 32, HS384: 48, HS512: 64 };

/**
 * Reads `jwt`. No message shows anything of a key.
 *
 * @param warn Is told of secrets that are shorter than they should be.
 */
export function readJwt(value: unknown, path: string, warn: (message: string) => void): JwtSpec {
  const given = knownFields(value, path, [...KEYS, ...POLICY, "required"]);
  const kinds = KEYS.filter((name) => given[name] !== undefined);
  if (kinds.length !== 1) {
    const found = kinds.length === 0 ? "has none" : `has ${kinds.join(" and ")}`;
    throw invalidConfig(path, `must have exactly one of ${KEYS.join(", ")}; it ${found}`);
  }
  const jwksUri =
    given["jwksUri"] === undefined ? undefined : readJwksUri(given["jwksUri"], `${path}.jwksUri`);
  const engine: EngineJwt = {
    key: jwksUri ? "jwksUri" : readKey(given, path),
    ...readPolicy(given, path),
    ...optional(given, "required", path, flag),
  };
  const wrong = native.jwtCheck(JSON.stringify(engine));
  if (wrong !== null) throw misfit(wrong, (field) => `${path}.${field}`);
  warnOfShortSecrets(engine, path, warn);
  return { engine, ...(jwksUri && { jwksUri }) };
}

/** What is asked of tokens, of whatever key. */
export function readPolicy(given: Fields, path: string): Omit<EngineJwt, "key" | "required"> {
  return {
    ...optional(given, "algorithms", path, (item, at) =>
      list(item, at, "algorithms").map((name, index) => readAlgorithm(name, `${at}[${index}]`)),
    ),
    ...optional(given, "issuer", path, oneOrMore),
    ...optional(given, "audience", path, oneOrMore),
    ...optional(given, "leeway", path, (item, at) => {
      if (typeof item === "number" && item >= 0 && item <= MAX_LEEWAY) return item;
      throw invalidConfig(at, `must be a number of seconds from 0 to ${MAX_LEEWAY}`);
    }),
  };
}

/** Options for `verifyJwt`. */
export const readVerifyOptions = (value: unknown): Omit<EngineJwt, "key" | "required"> =>
  readPolicy(knownFields(value, "options", POLICY), "options");

export function readAlgorithm(value: unknown, path: string): JwtAlgorithm {
  if (ALGORITHMS.includes(value as string)) return value as JwtAlgorithm;
  throw invalidConfig(path, `must be one of ${ALGORITHMS.join(", ")}`);
}

/** A text or bytes, as base64. */
export function readBytes(value: unknown, path: string): string {
  if (typeof value === "string" && value !== "") return Buffer.from(value, "utf8").toString("base64");
  if (types.isUint8Array(value) && value.length > 0) return Buffer.from(value).toString("base64");
  throw invalidConfig(path, "must be a non-empty string or Uint8Array");
}

/** The error for what the engine finds wrong: `field: expected`. */
export function misfit(wrong: string, pathOf: (field: string) => string): Error {
  const colon = wrong.indexOf(": ");
  return invalidConfig(pathOf(wrong.slice(0, colon)), wrong.slice(colon + 2));
}

function readKey(given: Fields, path: string): EngineJwt["key"] {
  if (given["secret"] !== undefined) return { secret: readBytes(given["secret"], `${path}.secret`) };
  if (given["publicKey"] !== undefined) return { publicKey: text(given["publicKey"], `${path}.publicKey`) };
  return { jwks: given["jwks"] };
}

function warnOfShortSecrets(
  { key, algorithms }: EngineJwt,
  path: string,
  warn: (message: string) => void,
): void {
  if (key === "jwksUri" || "publicKey" in key) return;
  const named = (algorithms ?? ["HS256"]).filter((name) => name in SECRET_BYTES);
  // The least of what is asked for: a longer secret is good for it at least.
  const [least] = named
    .map((name) => [SECRET_BYTES[name] as number, name] as const)
    .sort(([a], [b]) => a - b);
  if (!least) return;
  const isShort = (secret: unknown, encoding: "base64" | "base64url") =>
    typeof secret === "string" && Buffer.byteLength(Buffer.from(secret, encoding)) < least[0];
  const short =
    "secret" in key
      ? isShort(key.secret, "base64")
      : secretsOf(key.jwks).some((k) => isShort(k, "base64url"));
  if (!short) return;
  warn(
    `${path}.${"secret" in key ? "secret" : "jwks"}: a secret for ${least[1]} should have ${least[0]} bytes or more, at random; whoever guesses a shorter one from a token can sign others`,
  );
}

/** The secrets in a set of keys. */
function secretsOf(set: unknown): unknown[] {
  const keys = (set as { keys?: { kty?: unknown; k?: unknown }[] }).keys ?? [];
  return keys.filter((key) => key?.kty === "oct").map(({ k }) => k);
}

function oneOrMore(value: unknown, path: string): string[] {
  const given = typeof value === "string" ? [text(value, path)] : texts(value, path);
  for (const name of given) {
    // From a file or a variable with a line's end. No token has that, and none would be accepted.
    if (name.trim() !== name) throw invalidConfig(path, "must not begin or end with white space");
  }
  // An empty list would ask for nothing, which is not what anybody means by it.
  if (given.length === 0) throw invalidConfig(path, "must name at least one");
  return given;
}

function readJwksUri(value: unknown, path: string): URL {
  const expected = "must be an https address, or http to loopback, without a user in it";
  if (typeof value !== "string" || !URL.canParse(value)) throw invalidConfig(path, expected);
  const uri = new URL(value);
  const secure = uri.protocol === "https:" || (uri.protocol === "http:" && isLoopback(uri.hostname));
  if (!secure || uri.username !== "" || uri.password !== "") throw invalidConfig(path, expected);
  return uri;
}

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
