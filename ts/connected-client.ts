import type { AuthData, ConnectedClient, JwtClaims, Logger, Socket } from "../index.js";
import type { CallQueue } from "./call-queue.js";
import { isWellFormed } from "./fields.js";
import type { Handle } from "./handle-contract.js";
import type { ClientInfo, NativeDialogue } from "./native.js";
import { ANY_EVENT } from "./protocol.js";
import type { Namespace } from "./socket-io/namespace.js";

/** What a client's handle leans on. */
export interface ClientSupport {
  readonly engine: NativeDialogue;
  readonly queue: CallQueue;
  readonly log: Logger;
  /** `/`, where the sockets of clients are. */
  readonly main: Namespace;
}

/** What `authenticate` left of a connection that it let in. */
export interface Admitted {
  readonly auth: AuthData;
}

/** `history` of `clientJoin`. */
const NO_HISTORY = -1;
const ALL_IN_MEMORY = 0;

/** A handle of a connection: its id, and what the program may write into. All else is asked of the engine. */
export class ClientHandle implements Handle<ConnectedClient> {
  readonly id: string;
  readonly userId: string;
  readonly meta: Record<string, unknown>;
  declare readonly auth?: AuthData;
  readonly socket: Socket;
  readonly #support: ClientSupport;
  /** How often the token was renewed, as far as `auth` shows. */
  #renewals = 0;

  /** @param admitted What `authenticate` left: the object it returned. */
  constructor(info: ClientInfo, support: ClientSupport, admitted?: Admitted) {
    this.id = info.id;
    this.userId = info.userId;
    this.meta = info.meta;
    const auth = admitted?.auth ?? info.auth;
    if (auth !== undefined) this.auth = auth;
    if (auth !== undefined && info.renewals !== undefined) {
      // What `authenticate` returned shows the first token, however late somebody looks.
      this.#renewals = admitted === undefined ? info.renewals : 0;
      // The newest token governs by the time that its client hears so: before the queue has told of it.
      const get = () => this.#renewed(auth, admitted !== undefined);
      Object.defineProperty(this, "auth", { get, enumerable: true });
    }
    this.socket = support.main.adopt(info) as unknown as Socket;
    this.#support = support;
    // `console.log(client)` and JSON show who it is, not the machinery.
    Object.defineProperty(this, "socket", { enumerable: false });
  }

  join(roomId: string, options: { history?: boolean | number } = {}): void {
    this.#act("join", roomId, () =>
      this.#support.engine.clientJoin(this.id, roomId, historyOf(options?.history)),
    );
  }

  leave(roomId: string): void {
    this.#act("leave", roomId, () => this.#support.engine.clientLeave(this.id, roomId));
  }

  subscribe(roomId: string, eventName: string): void {
    if (!this.#isText("subscribe", eventName)) return;
    this.#act("subscribe", roomId, () => this.#support.engine.clientSubscribe(this.id, roomId, eventName));
  }

  subscribeAll(roomId: string): void {
    this.#act("subscribeAll", roomId, () => this.#support.engine.clientSubscribe(this.id, roomId, ANY_EVENT));
  }

  unsubscribe(roomId: string, eventName: string): void {
    if (!this.#isText("unsubscribe", eventName)) return;
    this.#act("unsubscribe", roomId, () =>
      this.#support.engine.clientUnsubscribe(this.id, roomId, eventName),
    );
  }

  rooms(): string[] {
    return this.#support.engine.clientRooms(this.id);
  }

  subscriptions(roomId: string): string[] {
    if (typeof roomId !== "string" || !isWellFormed(roomId)) return [];
    return this.#support.engine.clientSubscriptions(this.id, roomId);
  }

  send<T>(event: string, data: T): void {
    try {
      this.socket.emit(event, data);
    } catch (error) {
      this.#warn("send", `cannot send '${String(event)}': ${(error as Error).message}`, undefined);
    }
  }

  disconnect(): void {
    this.socket.disconnect(true);
  }

  /**
   * `auth`, the object that it always was, with what the newest token says. Of what `authenticate` returned only the times change;
   * the rest is the program's.
   */
  #renewed(auth: AuthData, isProgramsOwn: boolean): AuthData {
    const news = this.#support.engine.clientClaims(this.id, this.#renewals);
    if (news === null) return auth;
    const { renewals, claims } = JSON.parse(news) as { renewals: number; claims: JwtClaims };
    this.#renewals = renewals;
    const { exp, iat } = claims;
    const times = { exp, ...(iat !== undefined && { iat }) };
    // The program may have frozen it: then it stays as it is.
    Reflect.set(auth, "jwt", isProgramsOwn ? { ...auth.jwt, ...times } : claims);
    return auth;
  }

  /** Does what can be done; what cannot is a warning. */
  #act(method: string, roomId: string, act: () => string): void {
    if (!this.#isText(method, roomId)) return;
    const outcome = act();
    if (outcome !== "") {
      const end = outcome.indexOf(" ");
      this.#warn(method, outcome.slice(end + 1), { roomId, code: outcome.slice(0, end) });
    }
    this.#support.queue.drain();
  }

  #isText(method: string, value: unknown): boolean {
    if (typeof value === "string" && isWellFormed(value)) return true;
    this.#warn(method, "room ids and event names must be strings of whole characters", undefined);
    return false;
  }

  #warn(method: string, message: string, data: object | undefined): void {
    const atFunction = `client.${method}`;
    this.#support.log.warn({
      message: `${atFunction}: ${message}`,
      atFunction,
      data: { clientId: this.id, ...data },
    });
  }
}

function historyOf(history: unknown): number {
  if (history === true) return ALL_IN_MEMORY;
  const count = typeof history === "number" ? Math.min(Math.floor(history), 0x7fffffff) : 0;
  return count >= 1 ? count : NO_HISTORY;
}
