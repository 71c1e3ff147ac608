import { pageOrigin } from "../page-origin.js";
import { onRejection } from "../thenable.js";
import type { HandshakeResponse } from "./handshake-response.js";
import type { IncomingRequest } from "./incoming-request.js";

/** What the engine says by itself: see `SocketCors` in `engine/config.rs`. */
export interface EngineCors {
  origin: "any" | "asking" | { fixed: string } | { listed: string[] };
  methods?: string;
  allowedHeaders?: string;
  exposedHeaders?: string;
  credentials: boolean;
  maxAge?: string;
  optionsSuccessStatus: number;
  preflightContinue: boolean;
}

/** What only JavaScript knows, asked of every request. It returns what the program's function returned, which may be a promise that rejects. */
export type CorsMiddleware = (
  req: IncomingRequest,
  res: HandshakeResponse,
  next: (error?: unknown) => void,
) => unknown;

interface CorsOptions {
  origin: unknown;
  methods?: unknown;
  allowedHeaders?: unknown;
  headers?: unknown;
  exposedHeaders?: unknown;
  credentials?: unknown;
  maxAge?: unknown;
  optionsSuccessStatus: number;
  preflightContinue: unknown;
}

const DEFAULTS = {
  origin: "*",
  methods: "GET,HEAD,PUT,PATCH,POST,DELETE",
  preflightContinue: false,
  optionsSuccessStatus: 204,
};

/** Reads the option `cors`: what the npm package of that name takes. */
export function readSocketCors(option: unknown): { engine?: EngineCors; middleware?: CorsMiddleware } {
  if (!option) return {};
  if (typeof option === "function") {
    const delegate = option as (
      req: IncomingRequest,
      done: (error: unknown, options?: unknown) => void,
    ) => unknown;
    return {
      middleware: (req, res, next) =>
        delegate(req, (error, options) => {
          if (error) next(error);
          else onRejection(applyOptions(complete(options), req, res, next), next);
        }),
    };
  }
  const options = complete(option);
  const origin = staticOrigin(options.origin);
  if (origin === undefined) return { middleware: (req, res, next) => applyOptions(options, req, res, next) };
  return origin === "none" ? {} : { engine: { origin, ...rest(options) } };
}

const complete = (options: unknown): CorsOptions => ({ ...DEFAULTS, ...(options as object | undefined) });

/** The origin where it depends on nothing that only JavaScript knows. */
function staticOrigin(origin: unknown): EngineCors["origin"] | "none" | undefined {
  if (!origin) return "none";
  if (origin === "*") return "any";
  if (origin === true) return "asking";
  if (typeof origin === "string") return { fixed: asSent(origin) };
  const listed = Array.isArray(origin) && origin.every((one) => typeof one === "string");
  return listed ? { listed: origin.map(asSent) } : undefined;
}

/** An origin as browsers send it, also where a slash is behind it; what is none stays as it is, and matches nothing, as in Socket.IO. */
const asSent = (origin: string): string => pageOrigin(origin.replace(/(?<=[^/])\/$/, "")) ?? origin;

function rest(options: CorsOptions): Omit<EngineCors, "origin"> {
  const list = (value: unknown) => (Array.isArray(value) ? value.join(",") : String(value));
  const { methods, exposedHeaders, maxAge } = options;
  const allowedHeaders = options.allowedHeaders || options.headers;
  return {
    ...(methods ? { methods: list(methods) } : {}),
    ...(allowedHeaders ? { allowedHeaders: list(allowedHeaders) } : {}),
    ...(exposedHeaders ? { exposedHeaders: list(exposedHeaders) } : {}),
    ...(typeof maxAge === "number" || maxAge ? { maxAge: String(maxAge) } : {}),
    credentials: options.credentials === true,
    optionsSuccessStatus: options.optionsSuccessStatus,
    preflightContinue: Boolean(options.preflightContinue),
  };
}

function applyOptions(
  options: CorsOptions,
  req: IncomingRequest,
  res: HandshakeResponse,
  next: (error?: unknown) => void,
): unknown {
  if (typeof options.origin !== "function") {
    if (options.origin) say(options, req, res, next);
    else next();
    return undefined;
  }
  return options.origin(req.headers.origin, (error: unknown, origin: unknown) => {
    if (error || !origin) next(error);
    else say({ ...options, origin }, req, res, next);
  });
}

/** As the engine says it of origins that it knows. */
function say(
  options: CorsOptions,
  req: IncomingRequest,
  res: HandshakeResponse,
  next: (error?: unknown) => void,
): void {
  const { origin } = options;
  const asking = req.headers.origin;
  if (origin === "*") {
    res.setHeader("Access-Control-Allow-Origin", "*");
  } else {
    const allowed = typeof origin === "string" ? asSent(origin) : allows(origin, asking) && asking;
    if (allowed) res.setHeader("Access-Control-Allow-Origin", allowed);
    vary(res, "Origin");
  }
  const { methods, allowedHeaders, exposedHeaders, credentials, maxAge, ...preflight } = rest(options);
  if (credentials) res.setHeader("Access-Control-Allow-Credentials", "true");
  if (exposedHeaders) res.setHeader("Access-Control-Expose-Headers", exposedHeaders);
  if (req.method !== "OPTIONS") {
    next();
    return;
  }
  if (methods) res.setHeader("Access-Control-Allow-Methods", methods);
  const asked = allowedHeaders ?? req.headers["access-control-request-headers"];
  if (allowedHeaders === undefined) vary(res, "Access-Control-Request-Headers");
  if (asked) res.setHeader("Access-Control-Allow-Headers", asked);
  if (maxAge) res.setHeader("Access-Control-Max-Age", maxAge);
  if (preflight.preflightContinue) {
    next();
    return;
  }
  res.statusCode = preflight.optionsSuccessStatus;
  res.end();
}

function allows(allowed: unknown, origin: string | undefined): boolean {
  if (Array.isArray(allowed)) return allowed.some((one) => allows(one, origin));
  if (typeof allowed === "string") return origin === asSent(allowed);
  if (allowed instanceof RegExp) {
    // One with the flag `g` would begin where it ended the last time.
    allowed.lastIndex = 0;
    return origin !== undefined && allowed.test(origin);
  }
  return Boolean(allowed);
}

function vary(res: HandshakeResponse, name: string): void {
  const known = res.getHeader("Vary");
  res.setHeader("Vary", known === undefined ? name : `${[known].flat().join(", ")}, ${name}`);
}
