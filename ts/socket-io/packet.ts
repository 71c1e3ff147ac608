import { pack } from "../payload.js";

/** Names that Socket.IO keeps for itself. */
const RESERVED = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/** An event with its arguments, as the engine takes it. */
export function packEvent(event: string, args: unknown[]): { json: string; attachments: Buffer[] } {
  if (typeof event !== "string") throw new TypeError("the event's name must be a string");
  if (RESERVED.includes(event)) throw new Error(`"${event}" is a reserved event name`);
  if (typeof args.at(-1) === "function")
    throw new Error("acknowledgements are not available in this version");
  const attachments: Buffer[] = [];
  // An array always has JSON.
  const json = pack([event, ...args], attachments) as string;
  return { json, attachments };
}
