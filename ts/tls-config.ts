import { invalidConfig } from "./errors.js";
import { knownFields } from "./fields.js";
import { misfit } from "./jwt-config.js";
import { native } from "./native.js";

/** A certificate, its chain behind it, and its key: PEM each. */
export interface EngineTls {
  cert: string;
  key: string;
}

/** Reads `tls`. No message shows anything of the key. */
export function readTls(value: unknown, path: string): EngineTls {
  const given = knownFields(value, path, ["cert", "key"]);
  const tls = { cert: readPem(given["cert"], `${path}.cert`), key: readPem(given["key"], `${path}.key`) };
  const wrong = native.tlsCheck(JSON.stringify(tls));
  if (wrong !== null) throw misfit(wrong, (field) => `${path}.${field}`);
  return tls;
}

function readPem(value: unknown, path: string): string {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  throw invalidConfig(path, "must be PEM, as a string or a Uint8Array");
}
