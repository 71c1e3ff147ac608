import type { HooksConfig } from "../index.js";
import { fields, method } from "./fields.js";
import { HOOK } from "./native.js";

/** The hooks there are, by group; `""` is the top level. */
const HOOKS: Record<string, readonly string[]> = {
  "": ["authenticate"],
  socket: ["authenticate", "onConnect", "onDisconnect"],
  clients: ["beforeJoin", "onConnected", "onDisconnected", "onJoined", "onLeft"],
  rooms: ["onCreated", "onUpdated", "onDeleted"],
  events: ["beforeEach", "afterEach", "onTriggered", "onCleanup", "onLoad"],
};

export function readHooks(value: unknown): HooksConfig {
  if (value === undefined) return {};
  const given = fields(value, "hooks");
  for (const [group, names] of Object.entries(HOOKS)) {
    const path = group === "" ? "hooks" : `hooks.${group}`;
    const hooks = group === "" ? given : given[group];
    if (hooks !== undefined) checkGroup(fields(hooks, path), path, names);
  }
  return given as HooksConfig;
}

function checkGroup(hooks: Record<string, unknown>, path: string, names: readonly string[]): void {
  for (const name of names) {
    if (hooks[name] !== undefined) method(hooks[name], `${path}.${name}`);
  }
}

/** `authenticate`, from where it belongs or from the top level. */
export const authenticateOf = ({ socket, authenticate }: HooksConfig) => socket?.authenticate ?? authenticate;

/** Whether anybody but the handlers of `room.on` watches events. */
export const watchesEvents = ({ events }: HooksConfig): boolean =>
  events?.onTriggered !== undefined || events?.afterEach !== undefined;

/**
 * What the engine must tell. Whoever watches anything of clients is told when they end: until then the engine keeps what their
 * handles ask for, and a hook that is handed a client finds it whole.
 */
export function hookMask(hooks: HooksConfig, ioListens: boolean): number {
  const { socket = {}, clients = {}, rooms = {}, events = {} } = hooks;
  const bits: [number, unknown][] = [
    [HOOK.connected, socket.onConnect || clients.onConnected || ioListens],
    [HOOK.disconnected, socket.onDisconnect || Object.values(clients).some(Boolean) || ioListens],
    [HOOK.joined, clients.onJoined],
    [HOOK.left, clients.onLeft],
    [HOOK.created, rooms.onCreated],
    [HOOK.updated, rooms.onUpdated],
    [HOOK.deleted, rooms.onDeleted],
    [HOOK.events, watchesEvents(hooks)],
    [HOOK.cleanup, events.onCleanup],
    [HOOK.load, events.onLoad],
    [HOOK.authenticate, authenticateOf(hooks)],
    [HOOK.beforeJoin, clients.beforeJoin],
    [HOOK.beforeEach, events.beforeEach],
  ];
  return bits.reduce<number>((mask, [bit, wanted]) => (wanted ? mask | bit : mask), HOOK.http);
}
