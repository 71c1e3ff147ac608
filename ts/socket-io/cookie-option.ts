import { optionError } from "./option-error.js";

/** The cookie as the engine has it: what follows the value is made once. */
export interface EngineCookie {
  readonly name: string;
  readonly attributes: string;
}

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What may stand in the value of an attribute. */
const VALUE = /^[\x20-\x3a\x3c-\x7e]*$/;
const ONE_OF: Record<string, readonly string[]> = {
  sameSite: ["strict", "lax", "none"],
  priority: ["low", "medium", "high"],
};

/** Reads the option `cookie`: `true`, or the attributes of the npm package of that name. */
export function readCookie(option: unknown): EngineCookie | undefined {
  // As in Socket.IO, whatever counts as nothing is none.
  if (!option) return undefined;
  if (option !== true && typeof option !== "object") {
    throw optionError("cookie", "must be a boolean or an object such as { name, path, httpOnly, sameSite }");
  }
  const given = option === true ? {} : (option as Record<string, unknown>);
  const cookie: Record<string, unknown> = {
    ...{ name: "io", path: "/", httpOnly: true, sameSite: "lax" },
    ...given,
  };
  const { name, encode } = cookie;
  if (encode !== undefined)
    throw optionError("cookie.encode", "is not supported: a session's id needs no encoding");
  if (typeof name !== "string" || !NAME.test(name))
    throw optionError("cookie.name", "must be a cookie's name");
  return { name, attributes: attributes(cookie) };
}

function attributes(cookie: Record<string, unknown>): string {
  const parts: string[] = [];
  const { maxAge, expires } = cookie;
  if (maxAge !== undefined && maxAge !== null) {
    if (!Number.isFinite(Number(maxAge))) throw optionError("cookie.maxAge", "must be a number of seconds");
    parts.push(`Max-Age=${Math.floor(Number(maxAge))}`);
  }
  for (const [option, attribute] of [
    ["domain", "Domain"],
    ["path", "Path"],
  ] as const) {
    const value = cookie[option];
    if (!value) continue;
    if (typeof value !== "string" || !VALUE.test(value))
      throw optionError(`cookie.${option}`, "is not valid");
    parts.push(`${attribute}=${value}`);
  }
  if (expires) {
    if (!(expires instanceof Date) || Number.isNaN(expires.valueOf()))
      throw optionError("cookie.expires", "must be a Date");
    parts.push(`Expires=${expires.toUTCString()}`);
  }
  if (cookie["httpOnly"]) parts.push("HttpOnly");
  if (cookie["secure"]) parts.push("Secure");
  if (cookie["partitioned"]) parts.push("Partitioned");
  for (const option of ["priority", "sameSite"]) {
    const value = oneOf(option, cookie[option]);
    if (value) parts.push(`${capital(option)}=${capital(value)}`);
  }
  return parts.map((part) => `; ${part}`).join("");
}

function oneOf(option: string, value: unknown): string | undefined {
  if (!value) return undefined;
  const known = ONE_OF[option] as readonly string[];
  const name = value === true ? "strict" : String(value).toLowerCase();
  if (!known.includes(name)) throw optionError(`cookie.${option}`, `must be one of ${known.join(", ")}`);
  return name;
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
