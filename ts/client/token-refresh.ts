import type { ClientAuth } from "../../client.js";
import type { DialogueError } from "../errors.js";

/** Milliseconds before the end by which a fresh token should be there; half the time that is left where that is less. */
const AHEAD = 60_000;
/** With less left than this the server will have ended the connection before an answer comes. */
const TOO_LATE = 500;
/** A longer one would fire at once; asking too early does no harm. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Sends a fresh token before the one that governs the connection runs out. */
export class TokenRefresh {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #connection = 0;
  readonly #askAuth: () => Promise<ClientAuth>;
  readonly #send: (token: string) => Promise<unknown>;
  readonly #failed: (error: DialogueError) => void;

  constructor(
    askAuth: () => Promise<ClientAuth>,
    send: (token: string) => Promise<unknown>,
    failed: (error: DialogueError) => void,
  ) {
    this.#askAuth = askAuth;
    this.#send = send;
    this.#failed = failed;
  }

  /** A connection that a token governs until `exp`, in Unix seconds. */
  until(exp: number): void {
    this.stop();
    this.#wait(exp, this.#connection);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#connection += 1;
  }

  #wait(exp: number, connection: number): void {
    const left = exp * 1_000 - Date.now();
    // Also where this machine's clock is wrong: then the server ends the connection, and the next one asks for a token anyway.
    if (left < TOO_LATE) return;
    const delay = Math.min(Math.max(left - AHEAD, left / 2), LONGEST_TIMER);
    this.#timer = setTimeout(() => void this.#refresh(exp, connection), delay);
  }

  async #refresh(exp: number, connection: number): Promise<void> {
    let until = exp;
    try {
      const { token } = await this.#askAuth();
      if (connection !== this.#connection) return;
      // The same end again where there is no fresh one: it is asked for again in half the time that is left.
      if (typeof token === "string")
        until = Number(((await this.#send(token)) as { exp?: unknown }).exp ?? exp);
    } catch (error) {
      if (connection === this.#connection) this.#failed(error as DialogueError);
    }
    if (connection === this.#connection) this.#wait(until, connection);
  }
}
