import { types } from "node:util";
import type { JwtAlgorithm, JwtClaims, Result } from "../index.js";
import { invalidConfig } from "./errors.js";
import { fields, knownFields, optional, text } from "./fields.js";
import { type EngineJwt, misfit, readAlgorithm, readBytes, readVerifyOptions } from "./jwt-config.js";
import { native } from "./native.js";
import { Err, Ok } from "./result.js";

interface SignOptions {
  algorithm?: JwtAlgorithm | undefined;
  expiresIn?: number | string | undefined;
  keyId?: string | undefined;
}

interface VerifyOptions {
  algorithms?: readonly JwtAlgorithm[] | undefined;
  issuer?: string | readonly string[] | undefined;
  audience?: string | readonly string[] | undefined;
  leeway?: number | undefined;
}

type Outcome<Name extends string, T> = { [key in Name]?: T } & { error?: string; invalid?: string };

/** Seconds that a token holds where nothing is said. */
const ONE_HOUR = 3_600;
const UNITS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Makes a token; see `index.d.ts`. */
export function signJwt(
  claims: Record<string, unknown> & { sub: string },
  key: string | Uint8Array,
  options: SignOptions = {},
): string {
  const given = knownFields(options, "options", ["algorithm", "expiresIn", "keyId"]);
  const { algorithm } = optional(given, "algorithm", "options", readAlgorithm);
  const { expiresIn = ONE_HOUR } = optional(given, "expiresIn", "options", readSeconds);
  const { keyId } = optional(given, "keyId", "options", text);
  const json = claimsJson(claims);
  const bytes = readBytes(key, "key");
  const outcome = native.jwtSign(json, bytes, algorithm ?? null, expiresIn, keyId ?? null);
  const { token, invalid } = JSON.parse(outcome) as Outcome<"token", string>;
  if (token === undefined)
    throw misfit(invalid ?? "", (field) =>
      field === "algorithm" || field === "expiresIn" ? `options.${field}` : field,
    );
  return token;
}

/** Verifies a token; see `index.d.ts`. */
export function verifyJwt(
  token: string,
  key: string | Uint8Array | { keys: object[] },
  options: VerifyOptions = {},
): Result<JwtClaims, string> {
  const settings: EngineJwt = { key: keyOf(key), ...readVerifyOptions(options) };
  // What is no string is no token either.
  const outcome = native.jwtVerify(typeof token === "string" ? token : "", JSON.stringify(settings));
  const { claims, error, invalid } = JSON.parse(outcome) as Outcome<"claims", JwtClaims>;
  if (claims !== undefined) return Ok(claims);
  if (error !== undefined) return Err(error);
  throw misfit(invalid ?? "", (field) =>
    field === "leeway" || field === "algorithms" ? `options.${field}` : "key",
  );
}

/** A PEM text is a public key, never a secret: whoever has the public half could sign with it. */
function keyOf(key: unknown): EngineJwt["key"] {
  if (typeof key === "object" && key !== null && !types.isUint8Array(key)) {
    return { jwks: fields(key, "key", "must be a secret, a public key in PEM, or { keys: [...] }") };
  }
  const secret = readBytes(key, "key");
  const pem = Buffer.from(secret, "base64").toString("utf8");
  return pem.includes("-----BEGIN ") ? { publicKey: pem } : { secret };
}

function claimsJson(claims: unknown): string {
  const given = fields(claims, "claims");
  try {
    return JSON.stringify(given);
  } catch {
    throw invalidConfig("claims", "must be what JSON can carry");
  }
}

function readSeconds(value: unknown, path: string): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  const parts = typeof value === "string" ? /^(\d{1,12})\s?([smhd])$/.exec(value) : null;
  if (parts) return Number(parts[1]) * (UNITS[parts[2] as string] as number);
  throw invalidConfig(path, 'must be a number of seconds, or a text such as "30s", "15m", "1h", "7d"');
}
