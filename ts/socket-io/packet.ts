import { pack } from "../payload.js";

/** Names that Socket.IO keeps for itself. */
const RESERVED: ReadonlySet<unknown> = new Set([
  "connect",
  "connect_error",
  "disconnect",
  "disconnecting",
  "newListener",
  "removeListener",
]);

// biome-ignore lint/suspicious/noExplicitAny: it takes what its author says it takes
export type Acknowledge = (...args: any[]) => void;

/** Throws where an event cannot have this name. */
export function checkName(event: unknown): void {
  if (RESERVED.has(event)) throw new Error(`"${String(event)}" is a reserved event name`);
}

/** The arguments of an emit without the callback behind them, and that callback. */
export function splitAck(args: readonly unknown[]): [unknown[], Acknowledge | undefined] {
  const last = args.at(-1);
  return typeof last === "function" ? [args.slice(0, -1), last as Acknowledge] : [[...args], undefined];
}

/** An event or an acknowledgement as the engine takes it: a JSON array, binary beside it. */
export interface Packed {
  readonly json: string;
  readonly attachments: Buffer[];
}

/**
 * Packs an event or an acknowledgement.
 *
 * @throws PayloadError
 */
export function packArgs(args: unknown[]): Packed {
  const attachments: Buffer[] = [];
  // An array always has JSON.
  const json = pack(args, attachments) as string;
  return { json, attachments };
}

/** What a broadcast or an emit is like. */
export interface Flags {
  volatile?: boolean;
  /** Milliseconds to wait for acknowledgements. */
  timeout?: number | undefined;
  /** Without effect here: nothing is compressed, and there is one node. */
  compress?: boolean;
  local?: boolean;
}

export const timedOut = (): Error => new Error("operation has timed out");
