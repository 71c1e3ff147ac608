import { io, type Socket } from "socket.io-client";
import type { ClientAuth, ConnectionState } from "../../client.js";
import { DialogueError } from "../errors.js";
import { WIRE } from "../protocol.js";
import { fullJitter } from "./backoff.js";
import type { ClientSettings } from "./client-config.js";
import { Gate } from "./gate.js";
import { fromWire } from "./wire-errors.js";

/** `dialogue:connected`, the first thing a server says. */
export interface Hello {
  readonly userId: string;
  /** Absent: the server acknowledges nothing. */
  readonly protocol?: number;
  /** Unix seconds at which the token ends that governs the connection. */
  readonly exp?: number;
}

/** What a connection tells of itself. `state` is true already when it does. */
export interface Listener {
  /** Before the requests that waited go out. */
  connected(hello: Hello): void;
  /** After that. */
  ready(): void;
  lost(reason: string): void;
  failed(error: DialogueError): void;
}

export const notConnected = (why: string, cause?: unknown): DialogueError =>
  new DialogueError("DISCONNECTED", `Not connected: ${why}`, cause === undefined ? {} : { cause });

type Globals = Partial<Pick<EventTarget, "addEventListener" | "removeEventListener">>;

/** One socket through all its connects: state, tries, and who this is. Socket.IO's own reconnecting is off: it neither asks for a token again nor spreads its tries over the whole span. */
export class Connection {
  readonly socket: Socket;
  /** Where requests wait while it connects. */
  readonly gate = new Gate(notConnected("connect() was not called"));
  #state: ConnectionState = "disconnected";
  #userId = "";
  /** Failures in a row. */
  #failures = 0;
  /** Counts tries, so that what belongs to an earlier one is known when it comes late. */
  #try = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #expired = false;
  /** Ends the waiting for `auth`. */
  readonly #asking = new Set<() => void>();
  readonly #settings: ClientSettings;
  readonly #listener: Listener;

  constructor(settings: ClientSettings, listener: Listener) {
    this.#settings = settings;
    this.#listener = listener;
    const { origin, path, query } = settings.address;
    this.socket = io(origin, {
      path,
      // Several changes of rooms come in one event.
      query: { ...query, announcements: "batched" },
      autoConnect: false,
      forceNew: true,
      reconnection: false,
      // A connection that ends while it moves from polling to a WebSocket can leave socket.io-client waiting for its ping timeout: 45 s in
      // which nothing comes. So polling is for where WebSockets are refused, or come to nothing (see `#attempt`).
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      timeout: settings.timeout,
    });
    this.socket.on(WIRE.connected, (hello: Hello) => this.#connected(hello));
    this.socket.on("connect_error", (error: Error & { data?: { code?: unknown } }) => {
      if (this.#state !== "connecting") return;
      // A server that answered, and said no, has taken the socket out of its connection.
      if (this.socket.active) {
        this.#failed(notConnected(error.message, error), true);
        return;
      }
      const refusal = fromWire({ code: error.data?.code ?? "UNAUTHORIZED", message: error.message });
      // `INTERNAL`, as the server says it, is no verdict on who connects: its `authenticate` or its middleware failed, as it does where a
      // database cannot be reached for a while.
      const mayPass =
        refusal.retryable ||
        (refusal.code === "INTERNAL" && !refusal.cause) ||
        (refusal.code === "TOKEN_EXPIRED" && settings.renewable);
      this.#failed(refusal, mayPass);
    });
    this.socket.on("disconnect", (reason) => this.#disconnected(reason));
    this.socket.on(WIRE.error, (payload: { code?: unknown }) => {
      if (payload?.code === "TOKEN_EXPIRED") this.#expired = true;
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get userId(): string {
    return this.#userId;
  }

  connect(): Promise<void> {
    if (this.#state === "disconnected") {
      this.#failures = 0;
      this.#connecting();
      void this.#attempt();
    }
    const { timeout } = this.#settings;
    const connected = new Promise<void>((resolve, reject) => {
      const late = (error: DialogueError) =>
        reject(
          this.#state === "connecting"
            ? new DialogueError("TIMEOUT", `Not connected within ${timeout} ms`)
            : error,
        );
      this.gate.pass(timeout, resolve, late);
    });
    // `onError` says it too, so that nobody has to wait for this one.
    connected.catch(() => {});
    return connected;
  }

  disconnect(): void {
    const was = this.#state;
    if (was === "disconnected") return;
    const error = notConnected("disconnect() was called");
    this.#stop();
    this.#discardUnsent();
    this.socket.disconnect();
    this.gate.close(error);
    if (was === "connected") this.#listener.lost("io client disconnect");
  }

  /** Who this is, within its time and while it matters. Rejects with a {@link DialogueError}. */
  async askAuth(): Promise<ClientAuth> {
    const { timeout } = this.#settings;
    let end = (): void => {};
    const ended = new Promise<never>((_, reject) => {
      const fail = (why: string) => reject(new Error(why));
      const timer = setTimeout(fail, timeout, `it did not settle within ${timeout} ms`);
      end = () => {
        clearTimeout(timer);
        fail("nobody waits for it");
      };
    });
    this.#asking.add(end);
    try {
      const auth: unknown = await Promise.race([this.#settings.auth(), ended]);
      if (typeof auth !== "object" || auth === null) throw new Error("it must return an object");
      // Socket.IO would find out where nobody catches it.
      JSON.stringify(auth);
      return auth as ClientAuth;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new DialogueError("UNAUTHORIZED", `auth: ${why}`, { cause: error });
    } finally {
      this.#asking.delete(end);
      // Nobody waits for it any more; and a function that threw at once has not been raced.
      ended.catch(() => {});
      end();
    }
  }

  async #attempt(): Promise<void> {
    this.#stopWaiting();
    const attempt = this.#try;
    let auth: ClientAuth;
    try {
      auth = await this.askAuth();
    } catch (error) {
      if (attempt === this.#try) this.#failed(error as DialogueError, true);
      return;
    }
    if (attempt !== this.#try) return;
    const { timeout } = this.#settings;
    this.#expired = false;
    this.socket.auth = auth;
    this.#timer = setTimeout(() => {
      // What swallows WebSockets says nothing: the other way first, next time.
      this.socket.io.opts.transports?.reverse();
      this.#failed(notConnected(`no ${WIRE.connected} within ${timeout} ms`), true);
    }, timeout);
    this.socket.connect();
  }

  #connected(hello: Hello): void {
    if (this.#state !== "connecting") return;
    this.#stopWaiting();
    this.#failures = 0;
    this.#state = "connected";
    this.#userId = String(hello?.userId ?? "");
    this.#listener.connected(hello ?? {});
    if (this.#state === "connected") this.gate.open();
    if (this.#state === "connected") this.#listener.ready();
  }

  #disconnected(reason: string): void {
    if (this.#state === "disconnected") return;
    this.#discardUnsent();
    if (this.#state === "connecting") {
      this.#failed(notConnected(reason), true);
      return;
    }
    // A disconnect packet says: stay away. Unless it is about a token, and a fresh one can be had.
    const sentAway = reason === "io server disconnect" && !(this.#expired && this.#settings.renewable);
    this.#goOn(notConnected(reason), !sentAway);
    this.#listener.lost(reason);
  }

  #failed(error: DialogueError, mayRetry: boolean): void {
    const first = this.#failures === 0;
    // Whatever is half open is closed; its events are of an earlier try now.
    this.#stop();
    this.socket.disconnect();
    const final = first
      ? error
      : new DialogueError(error.code, `Gave up: ${error.message}`, { cause: error });
    if (!this.#goOn(final, mayRetry)) this.#listener.failed(final);
    else if (first) this.#listener.failed(error);
  }

  /** Tries again if it may; else it is over, because of `error`. Whether it tries. */
  #goOn(error: DialogueError, mayRetry: boolean): boolean {
    const { reconnection, reconnectionAttempts } = this.#settings;
    this.#stop();
    if (!mayRetry || !reconnection || this.#failures >= reconnectionAttempts) {
      this.gate.close(error);
      return false;
    }
    this.#connecting();
    this.#timer = setTimeout(this.#tryNow, fullJitter(this.#failures));
    this.#failures += 1;
    // A page that was offline need not wait for its turn.
    (globalThis as Globals).addEventListener?.("online", this.#tryNow);
    return true;
  }

  #connecting(): void {
    this.#state = "connecting";
    this.gate.hold();
  }

  readonly #tryNow = (): void => void this.#attempt();

  #stop(): void {
    this.#stopWaiting();
    this.#state = "disconnected";
  }

  /** Ends this try: its timer, and whatever of it is still to come. */
  #stopWaiting(): void {
    this.#try += 1;
    clearTimeout(this.#timer);
    for (const end of [...this.#asking]) end();
    (globalThis as Globals).removeEventListener?.("online", this.#tryNow);
  }

  /** Socket.IO keeps what it could not send for the next connection, where it would go out ahead of the rooms' joins. */
  #discardUnsent(): void {
    this.socket.sendBuffer.length = 0;
  }
}
