import { invalidConfig } from "./errors.js";
import { fields, flag, optional, text, texts, unknownFields } from "./fields.js";
import { pageOrigin } from "./page-origin.js";

/** CORS as the engine has it. */
export interface EngineCors {
  any: boolean;
  sameOrigin: boolean;
  origins: string[];
  methods?: string[];
  credentials: boolean;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;

/** @param warn Is told of a field that is not known. */
export function readCors(value: unknown, warn: (message: string) => void): EngineCors {
  if (value === undefined || value === true)
    return { any: true, sameOrigin: false, origins: [], credentials: false };
  if (value === false) return { any: false, sameOrigin: true, origins: [], credentials: false };
  const given = fields(value, "cors", "must be a boolean or { origin, methods?, credentials? }");
  for (const message of unknownFields(given, "cors", ["origin", "methods", "credentials"])) warn(message);
  const { any, sameOrigin, origins } = readOrigin(given["origin"], "cors.origin");
  const { credentials } = optional(given, "credentials", "cors", flag);
  if (any && credentials) {
    // Browsers refuse the two together, and a server that worked around it would lend its cookies to every page.
    throw invalidConfig("cors.credentials", "must not be true where any origin is allowed; list the origins");
  }
  return {
    any,
    sameOrigin,
    origins,
    ...optional(given, "methods", "cors", readMethods),
    credentials: credentials ?? origins.length > 0,
  };
}

function readOrigin(value: unknown, path: string): Pick<EngineCors, "any" | "sameOrigin" | "origins"> {
  if (typeof value === "boolean") return { any: value, sameOrigin: !value, origins: [] };
  if (typeof value !== "string" && !Array.isArray(value)) {
    throw invalidConfig(path, "must be an origin, an array of origins, or a boolean");
  }
  const given = typeof value === "string" ? [text(value, path)] : texts(value, path);
  if (given.includes("*")) return { any: true, sameOrigin: false, origins: [] };
  const origins = given.map((one) => {
    const origin = pageOrigin(one);
    if (origin !== undefined) return origin;
    throw invalidConfig(
      path,
      `'${one}' must be like 'https://example.com', without a path or a wildcard: no page has this origin`,
    );
  });
  // An empty list allows none but the server's own pages.
  return { any: false, sameOrigin: origins.length === 0, origins };
}

function readMethods(value: unknown, path: string): string[] {
  return texts(value, path).map((name) => {
    if (!TOKEN.test(name)) throw invalidConfig(path, `'${name}' must be an HTTP method`);
    return name.toUpperCase();
  });
}
