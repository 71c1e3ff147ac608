import type { EventDefinition, RoomConfig } from "../index.js";
import { checkEvent, isAsync } from "./define-event.js";
import { invalidConfig } from "./errors.js";
import {
  type Fields,
  fields,
  flag,
  integer,
  list,
  optional,
  text,
  texts,
  unknownFields,
  wellFormed,
} from "./fields.js";
import { laneOf, printLane } from "./schema/lane.js";

/** A room's configuration, checked: what the engine gets, and what only the face knows. */
export interface RoomSpec {
  readonly json: string;
  readonly events: EventDefinition[];
  readonly createdById: string | null;
}

/** Changes to a room, checked; `events` only when they change. */
export interface RoomChanges {
  readonly json: string;
  readonly events?: EventDefinition[];
}

const FIELDS = [
  ...["id", "name", "description", "maxSize", "events", "defaultSubscriptions"],
  ...["createdById", "syncHistoryOnJoin", "listed"],
];

/** @param warn Is told of a field that is not known. */
export function readRoom(
  value: RoomConfig,
  path: string,
  definitions: EventDefinition[],
  warn: (message: string) => void,
): RoomSpec {
  const given = fields(value, path, "must be a room: { name, events, … }");
  for (const message of unknownFields(given, path, FIELDS)) warn(message);
  const events = readEvents(given["events"], `${path}.events`, definitions);
  const { createdById } = optional(given, "createdById", path, text);
  const json = {
    name: text(given["name"], `${path}.name`),
    ...readTraits(given, path),
    events: events.map(toEngine),
    defaultSubscriptions: given["defaultSubscriptions"] ?? [],
    syncHistoryOnJoin: given["syncHistoryOnJoin"] ?? false,
    listed: given["listed"] ?? true,
  };
  return { json: JSON.stringify(json), events, createdById: createdById ?? null };
}

/** @param warn Is told of a field that is not known. */
export function readRoomChanges(
  value: unknown,
  path: string,
  definitions: EventDefinition[],
  warn: (message: string) => void,
): RoomChanges {
  const given = fields(value, path, "must be an object of changes");
  for (const message of unknownFields(given, path, FIELDS)) warn(message);
  const { events } = optional(given, "events", path, (item, at) => readEvents(item, at, definitions));
  const changes = {
    ...optional(given, "name", path, text),
    ...readTraits(given, path),
    ...(events && { events: events.map(toEngine) }),
  };
  return { json: JSON.stringify(changes), ...(events && { events }) };
}

/** What a room may have and need not. */
const readTraits = (given: Fields, path: string) => ({
  ...optional(given, "description", path, readDescription),
  ...optional(given, "maxSize", path, (value, at) => integer(value, at, 1)),
  ...optional(given, "defaultSubscriptions", path, texts),
  ...optional(given, "syncHistoryOnJoin", path, readSync),
  ...optional(given, "listed", path, flag),
});

function readDescription(value: unknown, path: string): string {
  if (typeof value !== "string") throw invalidConfig(path, "must be a string");
  return wellFormed(value, path);
}

function readSync(value: unknown, path: string): boolean | number {
  if (typeof value === "boolean") return value;
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw invalidConfig(path, "must be a boolean or how many events of each kind");
}

/** Checks definitions and puts those of `definitions` in the place of bare names. */
export function readEvents(
  value: unknown,
  path: string,
  definitions: EventDefinition[] = [],
): EventDefinition[] {
  return list(value, path, "event definitions").map((item, index) => {
    checkEvent(item, `${path}[${index}]`);
    checkSynchronous(item, `${path}[${index}].schema`);
    const { name, schema, description, history } = item;
    if (schema !== undefined || description !== undefined || history !== undefined) return item;
    return definitions.find((definition) => definition.name === name) ?? item;
  });
}

function checkSynchronous({ schema }: EventDefinition, path: string): void {
  if (schema !== undefined && isAsync(schema)) throw invalidConfig(path, "must be a synchronous schema");
}

/** The part of a definition that the engine knows. */
export const toEngine = (event: EventDefinition) => ({
  name: event.name,
  ...(event.schema !== undefined && { schema: toLane(event) }),
  ...(event.history && { history: { enabled: event.history.enabled, limit: event.history.limit } }),
});

function toLane(event: EventDefinition): object {
  const lane = laneOf(event.schema as object);
  printLane(event, lane);
  return lane.lane === "native" ? lane : { lane: lane.lane };
}
