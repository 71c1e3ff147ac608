import type { HooksConfig } from "../index.js";
import { invalidConfig } from "./errors.js";
import { fields, hint, method, unknownFields } from "./fields.js";
import { HOOK } from "./native.js";

/** The hooks there are, by group; `""` is the top level. */
const HOOKS: Record<string, readonly string[]> = {
  "": ["authenticate"],
  socket: ["authenticate", "onConnect", "onDisconnect"],
  clients: ["beforeJoin", "onConnected", "onDisconnected", "onJoined", "onLeft"],
  rooms: ["onCreated", "onUpdated", "onDeleted"],
  events: ["beforeEach", "afterEach", "onTriggered", "onCleanup", "onLoad"],
};

const GROUPS = Object.keys(HOOKS).filter((group) => group !== "");
const ALL = Object.values(HOOKS).flat();

/**
 * A guard that is misspelt, or in the wrong place, would guard nothing: a name that is close to a hook's, or is another group's, is refused. Others
 * are a warning: a group may be an object of the program's own, with methods and fields that its hooks use.
 */
export function readHooks(value: unknown, warn: (message: string) => void): HooksConfig {
  if (value === undefined) return {};
  const given = fields(value, "hooks");
  checkGroup(given, "hooks", warn, HOOKS[""] as readonly string[], GROUPS);
  for (const group of GROUPS) {
    const path = `hooks.${group}`;
    if (given[group] !== undefined)
      checkGroup(fields(given[group], path), path, warn, HOOKS[group] as readonly string[]);
  }
  const hooks = given as HooksConfig;
  const { authenticate } = hooks.socket ?? {};
  if (authenticate && hooks.authenticate && authenticate !== hooks.authenticate)
    throw invalidConfig("hooks.authenticate", "is another than hooks.socket.authenticate; give one of them");
  return hooks;
}

function checkGroup(
  hooks: Record<string, unknown>,
  path: string,
  warn: (message: string) => void,
  names: readonly string[],
  groups: readonly string[] = [],
): void {
  const known = [...names, ...groups];
  for (const sentence of unknownFields(hooks, path, known)) warn(sentence);
  for (const name of Object.keys(hooks)) {
    if (known.includes(name)) continue;
    const meant = hint(name, known);
    if (meant !== "" || ALL.includes(name))
      throw invalidConfig(`${path}.${name}`, `no such hook; there are ${known.join(", ")}${meant}`);
  }
  for (const name of names) {
    if (hooks[name] !== undefined && hooks[name] !== null) method(hooks[name], `${path}.${name}`);
  }
}

/** What `authenticate` is a method of: where it belongs, or the top level. */
export const authenticatorOf = (hooks: HooksConfig): Pick<HooksConfig, "authenticate"> =>
  hooks.socket?.authenticate ? hooks.socket : hooks;

/** Whether anybody but the handlers of `room.on` watches events. */
export const watchesEvents = ({ events }: HooksConfig): boolean =>
  Boolean(events?.onTriggered || events?.afterEach);

/**
 * What the engine must tell. Whoever watches anything of clients is told when they end: until then the engine keeps what their
 * handles ask for, and a hook that is handed a client finds it whole.
 */
export function hookMask(hooks: HooksConfig, io: { listens: boolean; guards: boolean }): number {
  const { socket = {}, clients = {}, rooms = {}, events = {} } = hooks;
  const bits: [number, unknown][] = [
    [HOOK.connected, socket.onConnect || clients.onConnected || io.listens],
    [HOOK.disconnected, socket.onDisconnect || Object.values(clients).some(Boolean) || io.listens],
    [HOOK.joined, clients.onJoined],
    [HOOK.left, clients.onLeft],
    [HOOK.created, rooms.onCreated],
    [HOOK.updated, rooms.onUpdated],
    [HOOK.deleted, rooms.onDeleted],
    [HOOK.events, watchesEvents(hooks)],
    [HOOK.cleanup, events.onCleanup],
    [HOOK.load, events.onLoad],
    [HOOK.authenticate, authenticatorOf(hooks).authenticate || io.guards],
    [HOOK.beforeJoin, clients.beforeJoin],
    [HOOK.beforeEach, events.beforeEach],
  ];
  return bits.reduce<number>((mask, [bit, wanted]) => (wanted ? mask | bit : mask), HOOK.http);
}
