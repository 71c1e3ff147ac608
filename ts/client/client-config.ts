import type { ClientAuth } from "../../client.js";
import { invalidConfig } from "../errors.js";
import { flag, integer, knownFields } from "../fields.js";
import { type Address, readAddress } from "./address.js";

/** What a client was given, checked, with the defaults in place. */
export interface ClientSettings {
  readonly address: Address;
  /** Who this is, asked anew. */
  readonly auth: () => ClientAuth | Promise<ClientAuth>;
  /** Whether asking again may bring something else. */
  readonly renewable: boolean;
  readonly autoConnect: boolean;
  readonly reconnection: boolean;
  readonly reconnectionAttempts: number;
  readonly timeout: number;
}

const OPTIONS = ["url", "auth", "autoConnect", "reconnection", "reconnectionAttempts", "timeout"];
/** What a timer can wait: a longer one would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

export function readConfig(config: unknown): ClientSettings {
  const given = knownFields(config, "config", OPTIONS);
  const {
    auth = {},
    autoConnect = true,
    reconnection = true,
    reconnectionAttempts: attempts = Number.POSITIVE_INFINITY,
    timeout = 10_000,
  } = given;
  if (typeof auth !== "function" && (typeof auth !== "object" || auth === null || Array.isArray(auth)))
    throw invalidConfig("auth", "must be an object, or a function that returns one");
  return {
    address: readAddress(given["url"]),
    auth: (typeof auth === "function" ? auth : () => auth) as ClientSettings["auth"],
    renewable: typeof auth === "function",
    autoConnect: flag(autoConnect, "autoConnect"),
    reconnection: flag(reconnection, "reconnection"),
    reconnectionAttempts:
      attempts === Number.POSITIVE_INFINITY ? attempts : integer(attempts, "reconnectionAttempts", 0),
    timeout: integer(timeout, "timeout", 1, LONGEST_TIMER),
  };
}
