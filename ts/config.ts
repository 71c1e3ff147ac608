import type {
  DialogueConfig,
  EventDefinition,
  FetchApp,
  HooksConfig,
  Logger,
  RoomConfig,
  RoomsConfig,
} from "../index.js";
import { readCors } from "./cors-config.js";
import { invalidConfig } from "./errors.js";
import {
  fields,
  flag,
  integer,
  isId,
  knownFields,
  list,
  method,
  optional,
  text,
  unknownFields,
} from "./fields.js";
import { readHooks } from "./hooks.js";
import type { Scheme } from "./http/bridge.js";
import { readJwt } from "./jwt-config.js";
import { type Limits, readLimits } from "./limits-config.js";
import { createDefaultLogger } from "./logger.js";
import { requestPath } from "./request-path.js";
import { type RoomSpec, readEvents, readRoom } from "./room-config.js";
import { readTls } from "./tls-config.js";

/** A configuration, checked: nothing of it can surprise the engine any more. */
export interface Settings {
  /** What the engine gets. */
  readonly engineJson: string;
  readonly port: number;
  readonly host: string | undefined;
  readonly scheme: Scheme;
  readonly app: FetchApp | undefined;
  /** Whether the runtime's `Request` and `Response` may be replaced. */
  readonly overrideGlobalObjects: boolean;
  readonly hooks: HooksConfig;
  readonly logger: Logger;
  readonly limits: Limits;
  /** Options of the connections, under Socket.IO's names. */
  readonly socket: Record<string, unknown> & { readonly path: string };
  /** Where the keys of tokens are fetched, if they are. */
  readonly jwksUri: URL | undefined;
  /** Definitions that rooms may name by name alone. */
  readonly definitions: EventDefinition[];
  readonly rooms: ({ id: string; path: string } & RoomSpec)[];
  /** What the log is to say of it. */
  readonly warnings: readonly string[];
}

const FIELDS = [
  ...["port", "host", "app", "rooms", "events", "hooks", "logger", "cors", "runtime", "jwt", "limits"],
  ...["socket", "threads", "tls", "overrideGlobalObjects"],
];

const LONGEST_TIME = 2 ** 31 - 1;
const LARGEST_SIZE = 2 ** 32 - 1;
const TRANSPORTS = ["polling", "websocket"];

export function readConfig(config: DialogueConfig<RoomsConfig>): Settings {
  const given = fields(config, "config");
  const warnings = unknownFields(given, "", FIELDS);
  const warn = (message: string): void => void warnings.push(message);
  const definitions = given["events"] === undefined ? [] : readEvents(given["events"], "events");
  const limits = readLimits(given["limits"], definitions);
  const port = given["port"] === undefined ? 3000 : integer(given["port"], "port", 0, 65_535);
  const { host } = optional(given, "host", "", text);
  if (given["runtime"] !== undefined && given["runtime"] !== "node" && given["runtime"] !== "bun") {
    throw invalidConfig("runtime", 'must be "node" or "bun"');
  }
  const { overrideGlobalObjects = true } = optional(given, "overrideGlobalObjects", "", flag);
  const { app } = optional(given, "app", "", readApp);
  const { logger } = optional(given, "logger", "", readLogger);
  const rooms = readRooms(config.rooms, definitions, limits.idLength, warn);
  const hooks = readHooks(given["hooks"], warn);
  const { jwt } = optional(given, "jwt", "", (value, path) => readJwt(value, path, warn));
  const { tls } = optional(given, "tls", "", readTls);
  const socket = readSocket(given["socket"] ?? {});
  const engine = {
    port,
    ...(host !== undefined && { host }),
    // Also the app that is made here may get routes later.
    hasApp: true,
    socket,
    limits: limits.json,
    cors: readCors(given["cors"], warn),
    ...(jwt && { jwt: jwt.engine }),
    ...(tls && { tls }),
    ...optional(given, "threads", "", (value, path) => integer(value, path, 1, 1024)),
    rooms: [],
  };
  return {
    engineJson: JSON.stringify(engine),
    port,
    host,
    scheme: tls ? "https" : "http",
    app,
    overrideGlobalObjects,
    hooks,
    logger: logger ?? createDefaultLogger(),
    limits,
    socket: { path: "/socket.io", ...socket },
    jwksUri: jwt?.jwksUri,
    definitions,
    rooms,
    warnings,
  };
}

function readApp(value: unknown, path: string): FetchApp {
  if (typeof (value as Partial<FetchApp> | null)?.fetch !== "function") {
    throw invalidConfig(path, "must be a Hono app, or an object with fetch(request)");
  }
  return value as FetchApp;
}

function readLogger(value: unknown, path: string): Logger {
  const given = fields(value, path, "must be a logger");
  for (const level of ["debug", "info", "warn", "error"]) method(given[level], `${path}.${level}`);
  return value as Logger;
}

function readRooms(
  value: unknown,
  definitions: EventDefinition[],
  idLength: number,
  warn: (message: string) => void,
): Settings["rooms"] {
  if (typeof value !== "object" || value === null)
    throw invalidConfig("rooms", "must be an object or an array");
  const entries = Array.isArray(value)
    ? value.map((room: unknown, index): [unknown, unknown, string] => {
        const path = `rooms[${index}]`;
        return [fields(room, path, "must be a room: { id, name, events, … }")["id"], room, path];
      })
    : Object.entries(value).map(([id, room]): [unknown, unknown, string] => [id, room, `rooms.${id}`]);

  const taken = new Set<string>();
  return entries.map(([key, room, path]) => {
    const idPath = Array.isArray(value) ? `${path}.id` : path;
    const id = text(key, idPath);
    if (!isId(id)) throw invalidConfig(idPath, "the id must not hold half a character");
    if (Buffer.byteLength(id) > idLength)
      throw invalidConfig(path, `the id must have at most ${idLength} bytes`);
    if (taken.has(id)) throw invalidConfig(`${path}.id`, `'${id}' is taken by a room before it`);
    taken.add(id);
    return { id, path, ...readRoom(room as RoomConfig, path, definitions, warn) };
  });
}

function readSocket(value: unknown): Record<string, unknown> {
  const path = "socket";
  const times = ["pingInterval", "pingTimeout", "connectTimeout", "upgradeTimeout"];
  const given = knownFields(value, path, ["path", ...times, "maxHttpBufferSize", "transports"]);
  const time = (item: unknown, at: string) => integer(item, at, 1, LONGEST_TIME);
  return {
    ...optional(given, "path", path, readPath),
    ...Object.assign({}, ...times.map((name) => optional(given, name, path, time))),
    ...optional(given, "maxHttpBufferSize", path, (item, at) => integer(item, at, 1, LARGEST_SIZE)),
    ...optional(given, "transports", path, readTransports),
  };
}

function readPath(value: unknown, path: string): string {
  const requested =
    typeof value === "string" && /^\/?[^\s?#/\\][^\s?#\\]*$/.test(value) ? requestPath(value) : undefined;
  if (requested === undefined || requested === "/")
    throw invalidConfig(path, "must be a path such as '/socket.io'");
  return requested.replace(/\/+$/, "");
}

function readTransports(value: unknown, path: string): unknown[] {
  const given = list(value, path, "transports");
  if (given.length === 0 || !given.every((name) => TRANSPORTS.includes(name as string))) {
    throw invalidConfig(path, 'must name "polling", "websocket" or both');
  }
  return [...new Set(given)];
}
