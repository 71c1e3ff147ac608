import { requestPath } from "../request-path.js";
import { readCookie } from "./cookie-option.js";
import { type CorsMiddleware, readSocketCors } from "./cors-option.js";
import type { IncomingRequest } from "./incoming-request.js";
import { optionError } from "./option-error.js";
import { CLIENT_FILES } from "./serve-client.js";

/** What the program decides of a handshake: only whether `success` is true counts, and what it gave as `error` is told. */
export type AllowRequest = (
  req: IncomingRequest,
  done: (error: unknown, success?: boolean) => void,
) => unknown;

/** Options of a server, checked, as far as they are of the connection and not of its sockets. */
export interface EngineSettings {
  /** What `io.engine.opts` shows: what the program gave over the defaults. */
  readonly opts: Record<string, unknown>;
  /** For the engine's configuration. */
  readonly engine: { readonly socket: Record<string, unknown>; readonly socketCors?: unknown };
  readonly allowRequest: AllowRequest | undefined;
  readonly cors: CorsMiddleware | undefined;
}

/** What `io.engine.opts` shows where the program gives nothing. */
const DEFAULTS = {
  pingTimeout: 20_000,
  pingInterval: 25_000,
  upgradeTimeout: 10_000,
  maxHttpBufferSize: 1e6,
  transports: ["polling", "websocket"],
  allowUpgrades: true,
  httpCompression: { threshold: 1024 },
  cors: false,
  allowEIO3: false,
};

/**
 * Refused where they are given: without them a program would not do what its author relies on. `perMessageDeflate`, `httpCompression` and
 * `wsEngine` are accepted and have no effect: nobody can tell the difference by what a program does.
 */
export const UNSUPPORTED: Readonly<Record<string, string>> = {
  parser: "packets are read and written by the engine, with Socket.IO's own parser",
  adapter: "rooms are the engine's own, and there is no cluster of servers yet",
  initialPacket: "the engine sends nothing of its own behind the handshake",
};

const LONGEST_TIME = 2 ** 31 - 1;
const LARGEST_SIZE = 2 ** 32 - 1;

/** Reads the options of a server that concern its connections. */
export function readEngineOptions(options: Record<string, unknown>): EngineSettings {
  refuseUnsupported(options);
  const { allowRequest } = options;
  if (allowRequest && typeof allowRequest !== "function")
    throw optionError("allowRequest", "must be a function (req, callback)");
  const { engine: socketCors, middleware } = readSocketCors(options["cors"]);
  const cookie = readCookie(options["cookie"]);
  const serves = options["serveClient"] !== false;
  return {
    opts: { ...DEFAULTS, ...options },
    engine: {
      socket: {
        path: readPath(options["path"]),
        trailingSlash: options["addTrailingSlash"] !== false,
        ...time(options, "pingInterval", 1),
        ...time(options, "pingTimeout", 1),
        ...time(options, "upgradeTimeout", 1),
        // As in Socket.IO, where nothing and 0 both mean this.
        connectTimeout: 45_000,
        ...(options["connectTimeout"] ? time(options, "connectTimeout", 1) : {}),
        ...size(options),
        ...transports(options["transports"]),
        allowUpgrades: options["allowUpgrades"] !== false,
        ...(cookie && { cookie }),
        clientFiles: serves ? CLIENT_FILES : [],
        // As in Socket.IO, whatever is not nothing lets them in.
        allowEio3: Boolean(options["allowEIO3"]),
      },
      ...(socketCors && { socketCors }),
    },
    allowRequest: typeof allowRequest === "function" ? (allowRequest as AllowRequest) : undefined,
    cors: middleware,
  };
}

function refuseUnsupported(options: Record<string, unknown>): void {
  for (const [name, why] of Object.entries(UNSUPPORTED)) {
    const value = options[name];
    if (value !== undefined && value !== null && value !== false)
      throw optionError(name, `is not supported: ${why}`);
  }
}

/** As Socket.IO has it: `/socket.io`, with a slash in front and none at the end. */
function readPath(value: unknown): string {
  if (value === undefined || value === null || value === "") return "/socket.io";
  const requested = typeof value === "string" && /^[^\s?#\\]+$/.test(value) ? requestPath(value) : undefined;
  if (requested === undefined) throw optionError("path", "must be a path such as '/socket.io'");
  return normalPath(requested);
}

export const normalPath = (path: string): string => path.replace(/^(?!\/)/, "/").replace(/\/$/, "");

/** Milliseconds; what is longer than a timer can be is as long as that. */
function time(options: Record<string, unknown>, name: string, least: number): Record<string, number> {
  const value = options[name];
  if (value === undefined || value === null) return {};
  if (typeof value !== "number" || Number.isNaN(value) || value < 0)
    throw optionError(name, "must be a number of milliseconds");
  return { [name]: Math.min(Math.max(Math.round(value), least), LONGEST_TIME) };
}

function size({ maxHttpBufferSize: value }: Record<string, unknown>): Record<string, number> {
  if (value === undefined || value === null) return {};
  if (typeof value !== "number" || !(value >= 1))
    throw optionError("maxHttpBufferSize", "must be a number of bytes");
  return { maxHttpBufferSize: Math.min(Math.floor(value), LARGEST_SIZE) };
}

function transports(value: unknown): { transports?: string[] } {
  if (value === undefined || value === null) return {};
  const known = ["polling", "websocket"];
  if (Array.isArray(value) && value.includes("webtransport"))
    throw optionError("transports", "'webtransport' is not supported; there are 'polling' and 'websocket'");
  if (!Array.isArray(value) || value.length === 0 || !value.every((name) => known.includes(name)))
    throw optionError("transports", "must name 'polling', 'websocket' or both");
  return { transports: [...new Set(value as string[])] };
}
