import type { RoomInfo } from "../../client.js";

const FIELDS = ["id", "name", "description", "size", "maxSize", "createdById"];

/** A room as the server shows it, without what else came with the answer. */
export function roomInfo(value: unknown): RoomInfo {
  const given = Object(value) as Record<string, unknown>;
  const fields = FIELDS.filter((name) => given[name] != null).map((name) => [name, given[name]]);
  return { size: 0, ...Object.fromEntries(fields) };
}
