import { isIP } from "node:net";
import type { EventDefinition } from "../index.js";
import { invalidConfig } from "./errors.js";
import { fields, integer, knownFields, optional, texts } from "./fields.js";
import { readLimitsTable } from "./native.js";
import { readEvents, toEngine } from "./room-config.js";

/** The limits, checked against the engine's own table. */
export interface Limits {
  /** What the engine gets: the limits given, and no others. */
  readonly json: Record<string, unknown>;
  /** Milliseconds that an observing hook may take to settle. */
  readonly hookTimeout: number;
  /** Bytes of a room id. */
  readonly idLength: number;
  /** Definitions of rooms that clients create; absent: any event. */
  readonly clientRoomEvents?: EventDefinition[];
}

export function readLimits(value: unknown, definitions: EventDefinition[]): Limits {
  const table = readLimitsTable();
  const rows = new Map(table.map((row) => [row.name, row]));
  const given = knownFields(value ?? {}, "limits", [...rows.keys(), "clientRooms", "trustProxy"]);

  const json: Record<string, unknown> = {};
  for (const [name, limit] of Object.entries(given)) {
    const row = rows.get(name);
    if (!row || limit === undefined) continue;
    json[name] = row.off && limit === false ? 0 : integer(limit, `limits.${name}`, row.min, row.max);
  }
  if (given["trustProxy"] !== undefined) json["trustProxy"] = readTrustProxy(given["trustProxy"]);
  const events: EventDefinition[] | undefined = readClientRooms(given["clientRooms"], definitions, json);
  const inForce = (name: string) => (json[name] ?? rows.get(name)?.default) as number;
  return {
    json,
    hookTimeout: inForce("hookTimeout"),
    idLength: inForce("idLength"),
    ...(events && { clientRoomEvents: events }),
  };
}

/** Most proxies, one behind the other. */
const MAX_HOPS = 100;

function readTrustProxy(value: unknown): boolean | number | string[] {
  const path = "limits.trustProxy";
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return integer(value, path, 0, MAX_HOPS);
  if (!Array.isArray(value))
    throw invalidConfig(path, "must be a boolean, a number of proxies, or a list of addresses and ranges");
  for (const [index, network] of value.entries()) {
    if (!isNetwork(network))
      throw invalidConfig(`${path}[${index}]`, "must be an IP address, or a range such as '10.0.0.0/8'");
  }
  return value;
}

/** An address without a zone, which no entry of `X-Forwarded-For` has, and perhaps how many bits of it count. */
function isNetwork(value: unknown): boolean {
  const [, address = "", , bits] =
    typeof value === "string" ? (/^([^/%]*)(\/(\d{1,3}))?$/.exec(value) ?? []) : [];
  const version = isIP(address);
  return version !== 0 && Number(bits ?? 0) <= (version === 4 ? 32 : 128);
}

function readClientRooms(
  value: unknown,
  definitions: EventDefinition[],
  json: Record<string, unknown>,
): EventDefinition[] | undefined {
  const path = "limits.clientRooms";
  if (value === undefined) return undefined;
  if (typeof value === "number") {
    json["clientRooms"] = { max: integer(value, path, 0) };
    return undefined;
  }
  if (typeof value !== "object" || value === null)
    throw invalidConfig(path, "must be a number or { max, … }");
  knownFields(value, path, ["max", "events", "defaultSubscriptions", "maxSize"]);
  const given = fields(value, path);
  const { events } = optional(given, "events", path, (item, at) => readEvents(item, at, definitions));
  json["clientRooms"] = {
    max: integer(given["max"], `${path}.max`, 0),
    ...(events && { events: events.map(toEngine) }),
    ...optional(given, "defaultSubscriptions", path, texts),
    ...optional(given, "maxSize", path, (item, at) => integer(item, at, 1)),
  };
  return events;
}
